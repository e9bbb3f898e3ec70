"""All blueprints: one a resource."""

from flask import Blueprint

from app.blueprints import accounts, health, jobs, pages, projects, runner_api, runners

ALL: tuple[Blueprint, ...] = (
    accounts.blueprint,
    health.blueprint,
    jobs.blueprint,
    pages.blueprint,
    projects.blueprint,
    runner_api.blueprint,
    runners.blueprint,
)

"""All blueprints: one a resource."""

from flask import Blueprint

from app.blueprints import (
    accounts,
    health,
    jobs,
    operations,
    pages,
    projects,
    releases,
    runner_api,
    runners,
    tokens,
)

ALL: tuple[Blueprint, ...] = (
    accounts.blueprint,
    health.blueprint,
    jobs.blueprint,
    operations.blueprint,
    pages.blueprint,
    projects.blueprint,
    releases.blueprint,
    runner_api.blueprint,
    runners.blueprint,
    tokens.blueprint,
)

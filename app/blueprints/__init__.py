"""All blueprints: one a resource."""

from flask import Blueprint

from app.blueprints import (
    accounts,
    audit,
    browser,
    downloads,
    health,
    invitations,
    jobs,
    members,
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
    audit.blueprint,
    browser.blueprint,
    downloads.blueprint,
    health.blueprint,
    invitations.blueprint,
    jobs.blueprint,
    members.blueprint,
    operations.blueprint,
    pages.blueprint,
    projects.blueprint,
    releases.blueprint,
    runner_api.blueprint,
    runners.blueprint,
    tokens.blueprint,
)

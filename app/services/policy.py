"""Who may do what with a project: asked by every service, decided nowhere else."""

from sqlalchemy import ColumnElement, case, select, union_all
from sqlalchemy.sql.selectable import Select

from app.errors import Forbidden, NotFound
from app.extensions import db
from app.models import Project, ProjectMember
from app.services.identity import UserActor
from deployr.roles import Role


def visible_to(user_id: int) -> ColumnElement[bool]:
    """Return the condition on Project under which a user sees it."""
    return _is_among(_own(user_id), _joined(user_id))


def owned_by(user_id: int) -> ColumnElement[bool]:
    """Return the condition on Project under which a user has the role owner in it."""
    return _is_among(_own(user_id), _joined(user_id).where(ProjectMember.role == Role.OWNER))


def role_column(user_id: int) -> ColumnElement[str | None]:
    """Return the user's role in Project; null where he sees none."""
    member = ProjectMember
    joined = select(member.role).where(member.project_id == Project.id, member.user_id == user_id)
    owned = (Project.user_id == user_id, Role.OWNER.value)
    return case(owned, else_=joined.scalar_subquery())


def role_in(user: UserActor, project: Project) -> Role | None:
    """Return the user's role in a project; None: he must not know that there is one."""
    if project.user_id == user.id:
        return Role.OWNER
    member = db.session.get(ProjectMember, (project.id, user.id))
    return Role(member.role) if member is not None else None


def project_for(user: UserActor, project_id: int, needed: Role) -> Project:
    """Return a project in which the user has at least the role `needed`.

    Raises NotFound when he has none, Forbidden `role_too_small`.
    """
    project = db.session.get(Project, project_id)
    role = role_in(user, project) if project is not None else None
    if project is None or role is None:
        raise NotFound("project")
    if not role.covers(needed):
        raise Forbidden(
            "role_too_small",
            f"You are a {role} of {project.name}; this needs the role {needed}: ask its owner.",
        )
    return project


def held_project_for(user: UserActor, project_id: int, needed: Role) -> Project:
    """Do as project_for at the start of a transaction that changes who has what in a project.

    Until it ends, others that do the same with this project wait, so that what they find holds.
    """
    db.session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    return project_for(user, project_id, needed)


def _is_among(own: Select[int], joined: Select[int]) -> ColumnElement[bool]:
    # For an OR of the two MariaDB reads all projects, or all jobs: 170 ms instead of 4 at 100,000.
    found = union_all(own, joined).subquery()
    return Project.id.in_(select(found.c[0]))


def _own(user_id: int) -> Select[int]:
    return select(Project.id).where(Project.user_id == user_id)


def _joined(user_id: int) -> Select[int]:
    return select(ProjectMember.project_id).where(ProjectMember.user_id == user_id)

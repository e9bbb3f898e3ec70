"""Who may do what with a project: asked by every service, decided nowhere else."""

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.sql.selectable import Select

from app.errors import Forbidden, NotFound
from app.extensions import db
from app.models import Project, ProjectMember
from app.services.identity import UserActor
from deployr.roles import Role


def visible_to(user_id: int) -> ColumnElement[bool]:
    """Return the condition on Project under which a user sees it."""
    return or_(Project.user_id == user_id, Project.id.in_(_joined(user_id)))


def owned_by(user_id: int) -> ColumnElement[bool]:
    """Return the condition on Project under which a user has the role owner in it."""
    joined = _joined(user_id).where(ProjectMember.role == Role.OWNER)
    return or_(Project.user_id == user_id, Project.id.in_(joined))


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


def _joined(user_id: int) -> Select[int]:
    return select(ProjectMember.project_id).where(ProjectMember.user_id == user_id)

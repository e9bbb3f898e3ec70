"""The backend's API of members and invitations: one function per endpoint."""

from .client import Client, Json
from .errors import ApiError
from .names import is_called


def members(client: Client, project_id: int) -> list[Json]:
    """Return who may see or deploy a project, its primary owner first."""
    found: list[Json] = client.get(f"/api/projects/{project_id}/members")["members"]
    return found


def set_role(client: Client, project_id: int, user_id: int, role: str) -> Json:
    """Change a member's role and return them."""
    return client.post(f"/api/projects/{project_id}/members/{user_id}", {"role": role})


def remove(client: Client, project_id: int, user_id: int) -> Json:
    """Take a project from a member, or leave it oneself."""
    return client.post(f"/api/projects/{project_id}/members/{user_id}/delete", {})


def invite(client: Client, project_id: int, login: str, role: str) -> Json:
    """Offer a role to whoever has a GitHub login and return the invitation."""
    fields = {"github_login": login, "role": role}
    return client.post(f"/api/projects/{project_id}/invitations", fields)


def open_invitations(client: Client, project_id: int) -> list[Json]:
    """Return a project's invitations that nobody has answered."""
    found: list[Json] = client.get(f"/api/projects/{project_id}/invitations")["invitations"]
    return found


def withdraw(client: Client, project_id: int, invitation_id: int) -> Json:
    """Take an invitation back."""
    return client.post(f"/api/projects/{project_id}/invitations/{invitation_id}/delete", {})


def my_invitations(client: Client) -> list[Json]:
    """Return the invitations to the user's GitHub login."""
    return client.all("/api/invitations", "invitations", {})


def accept(client: Client, invitation_id: int) -> Json:
    """Become a member and return the project."""
    return client.post(f"/api/invitations/{invitation_id}/accept", {})


def decline(client: Client, invitation_id: int) -> Json:
    """Turn an invitation down."""
    return client.post(f"/api/invitations/{invitation_id}/decline", {})


def invitation_hint(client: Client, name: str) -> str:
    """Say how to accept what invites to a project of this name; empty without an invitation."""
    try:
        invited = [one["project"] for one in my_invitations(client)]
    except ApiError:  # a hint: the error that it goes with says what is wrong
        return ""
    fitting = [each for each in invited if is_called(each, name)]
    return " ".join(
        f"You are invited to {each}: `deployr invitations accept {each}`." for each in fitting
    )

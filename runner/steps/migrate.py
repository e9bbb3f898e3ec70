"""Laravel's migrations, in the new release before it goes live."""

from dataclasses import dataclass

from deployr.states import Reason

from ..context import Context
from ..errors import JobFailedError
from ..recipes import laravel_facts
from ..shell import CommandFailedError
from .step import as_lines

BUSY_SECONDS = 5.0


@dataclass(frozen=True)
class Migrate:
    """Change the database, and note which migrations that were."""

    name: str = "migrate"

    def plan(self, ctx: Context) -> list[str]:
        place = ctx.target.release_path(ctx.release)
        return as_lines((laravel_facts.migrate_line(place),), place)

    def run(self, ctx: Context) -> None:
        line = laravel_facts.migrate_line(ctx.built)
        while True:
            try:
                return self._migrate(ctx, line)
            except _BusyError:
                ctx.log.line("another server is migrating this database: waiting for it")
                ctx.stop.wait(BUSY_SECONDS)
            except _NoLocksError:
                ctx.log.line("the table of locks does not exist yet: migrating without a lock")
                line = laravel_facts.MIGRATE

    def undo(self, ctx: Context) -> None:
        """What migrations did stays: to take it back could lose what visitors wrote since."""

    def _migrate(self, ctx: Context, line: str) -> None:
        output = bytearray()
        known = tuple(ctx.migrations)

        def heed(piece: bytes) -> None:
            # At once, and not at the end: killed meanwhile, they are in the database all the same.
            output.extend(piece)
            ran = laravel_facts.ran_migrations(output.decode(errors="replace"))
            if len(known) + len(ran) > len(ctx.migrations):
                ctx.migrations = [*known, *ran]
                ctx.note_migrations()

        try:
            ctx.run_lines((line,), ctx.target.release_path(ctx.release), tee=heed)
        except CommandFailedError as error:
            said = output.decode(errors="replace")
            if error.exit_code == laravel_facts.BUSY:
                raise _BusyError from None
            if line != laravel_facts.MIGRATE and laravel_facts.lacks_locks(said):
                raise _NoLocksError from None
            raise self._failed(error, laravel_facts.ran_migrations(said)) from None

    def _failed(self, error: CommandFailedError, ran: tuple[str, ...]) -> JobFailedError:
        stays = f"{', '.join(ran)} stay in the database; " if ran else ""
        return JobFailedError(
            Reason.EXIT_NONZERO,
            f"step {self.name}: {error}. {stays}the one that failed may be half done: MySQL and "
            "MariaDB take back no change of a table. The live release goes on with the database "
            "as it is now",
            error.exit_code,
        )


class _BusyError(Exception):
    """Another server holds the lock."""


class _NoLocksError(Exception):
    """The lock can't be had, for want of its table."""

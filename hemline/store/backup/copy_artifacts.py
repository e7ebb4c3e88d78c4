"""Artifacts from one store into another, each checked by its digest, several at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from hemline.errors import ArtifactError
from hemline.store.database.artifacts import ArtifactStore

_AT_ONCE = 16  # files are small, and each waits for its disk
_PART = 256

Tell = Callable[[int], None]


def copy_artifacts(
    source: ArtifactStore, target: ArtifactStore, digests: Iterable[str], tell: Tell
) -> dict[str, str]:
    """Copies each, and again where the target's is damaged; what could not be read, with why.

    tell: is called with the number of those that are done. Raises ArtifactError if the target
    cannot be written.
    """

    def copy(digest: str) -> str | None:
        problem, data = _read(source, digest)
        if data is not None:
            target.put(data, "artifact")
        return problem

    return _each(copy, digests, tell)


def check_artifacts(store: ArtifactStore, digests: Iterable[str], tell: Tell) -> dict[str, str]:
    """Reads each; what is missing or damaged, with why."""
    return _each(lambda digest: _read(store, digest)[0], digests, tell)


def _read(store: ArtifactStore, digest: str) -> tuple[str | None, bytes | None]:
    try:
        return None, store.fetch(digest)
    except ArtifactError as error:
        return str(error), None


def _each(act: Callable[[str], str | None], digests: Iterable[str], tell: Tell) -> dict[str, str]:
    problems: dict[str, str] = {}
    ordered = sorted(digests)  # by folder
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(ordered), _PART):
            part = ordered[start : start + _PART]
            told = zip(part, pool.map(act, part), strict=True)
            problems |= {digest: problem for digest, problem in told if problem is not None}
            tell(len(part))
    return problems

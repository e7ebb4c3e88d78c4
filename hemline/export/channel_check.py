"""Which of a project's cut-outs a channel takes, by the pictures that an export would write."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from hemline.channels.check_files import Checked
from hemline.channels.pack import Pack, load_pack
from hemline.errors import ExportError, HemlineError, LabelStudioError
from hemline.export.formats.published import publish
from hemline.export.reader import ExportReader, Sources
from hemline.labelstudio.project.config import parse_label_config
from hemline.masks.cutouts.edges import Edge, cut_out
from hemline.store.reports.export_masks import ExportItem
from hemline.store.tables.loop import Project

_THREADS = 4  # as in exports


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """The channels that a project's cut-outs are checked for, and the edge that these have."""

    packs: tuple[str, ...]
    edge: Edge = Edge.SOFTENED

    def arguments(self) -> dict[str, Any]:
        """What the job stores."""
        return {"packs": list(self.packs), "edge": self.edge.value}

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> "ChannelOrder":
        """The order of a job's arguments. Raises ExportError if they are none."""
        try:
            return cls(tuple(str(name) for name in arguments["packs"]), Edge(arguments["edge"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(
                f"the job holds an order to check that cannot be read ({error!r}); order it again"
            ) from error


class ChannelChecker:
    """Checks cut-outs for several channels at once: a photo is fetched and cut out once.

    Raises:
        ChannelError: there is no such pack, or it cannot be read.
        LabelConfigError: the project's label config is not usable.
    """

    def __init__(self, sources: Sources, project: Project, order: ChannelOrder) -> None:
        self._config = parse_label_config(project.label_config)
        self._reader = ExportReader(sources, project, self._config)
        self._edge = order.edge
        self._today = datetime.now(UTC).date()
        self.packs: tuple[Pack, ...] = tuple(load_pack(name) for name in order.packs)
        self._fingerprints = {pack.name: pack.fingerprint(self._today) for pack in self.packs}

    def key(self, item: ExportItem, pack: Pack) -> str:
        """A digest of all that the result of an item follows from, and of whose mask it is."""
        made_from = [
            item.mask_digest,
            item.ls_annotation_id,
            item.model_version,
            item.image_digest,
            item.image_url,
            item.labels,
            self._config.labels,
            self._edge,
            self._fingerprints[pack.name],
        ]
        return sha256(json.dumps(made_from).encode()).hexdigest()

    def check_all(
        self, items: Sequence[tuple[ExportItem, Sequence[Pack]]]
    ) -> Iterator[dict[str, Checked]]:
        """Each item's results by the names of its packs, in order.

        What cannot be judged is named with its problem.

        Raises:
            LabelStudioError: Label Studio is away or refuses our token.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            yield from pool.map(self._check, items)

    def _check(self, order: tuple[ExportItem, Sequence[Pack]]) -> dict[str, Checked]:
        item, packs = order
        name = self._reader.name(item)
        try:
            exported = self._reader.read(item, with_photo=True)
            assert exported.photo is not None
            cutout = cut_out(exported.photo, exported.mask, self._edge)
        except LabelStudioError:
            raise
        except HemlineError as error:
            return {pack.name: Checked(name, problem=str(error)) for pack in packs}
        found = {}
        for pack in packs:
            try:
                found[pack.name] = Checked(name, publish(pack, cutout, name).findings)
            except HemlineError as error:
                found[pack.name] = Checked(name, problem=str(error))
        return found

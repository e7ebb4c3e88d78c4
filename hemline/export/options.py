"""The values of FormatName, Edge and MaskChoice as the command line offers them.

The modules of these load much, and `hemline --help` is quick.
"""

from typing import Literal

Format = Literal["cutouts", "masks", "coco", "coco-parts", "yolo", "labelstudio"]
Edges = Literal["hard", "softened", "soft", "sheer"]
Masks = Literal["corrections", "predictions", "best"]

"""Masks as others write them: brush RLE, COCO, PNG, polygons, strokes, shapes in percent.

Each codec names the thing that is wrong in what it cannot read. Its neighbours: `files/` for mask
files whose pixels have to be understood first, `hemline.labelstudio` for whole annotations.
"""

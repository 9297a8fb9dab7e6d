"""Image sets: turns a name or a path into one uint8 tensor with labels and splits, and validates foreign input.

``catalog.entries()`` lists the named sets without torch; ``catalog.load(source, image_size)`` returns an ``ImageSet``.
"""

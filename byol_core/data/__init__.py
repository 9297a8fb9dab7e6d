"""Image sets: from a name or a path to one uint8 tensor, with every check on foreign input.

``catalog.entries()`` lists the sets without torch; ``catalog.load(source, image_size)`` returns an ``ImageSet``.
"""

"""Growing labels over free pixels, never through a barrier."""

import numpy as np


def grow(labels: np.ndarray, free: np.ndarray) -> None:
    """Spread labels over the free pixels in place, ring by ring; on equal distance a fixed direction wins.

    labels: int32 [H, W], contiguous, above 0 where there is a label. free: flat positions of the pixels that a label
    may spread to, without label so far and none of them on the outermost rows and columns; those that no label reaches
    keep their value. Steps go to the four direct neighbours, so a diagonal line of single pixels holds.
    """
    if not len(free):
        return
    flat = labels.reshape(-1)
    may = np.zeros(flat.shape, bool)
    may[free] = True
    steps = (-1, 1, -labels.shape[1], labels.shape[1])
    seen, frontier = np.zeros(flat.shape, bool), []
    for step in steps:
        source = (free + step).astype(np.int32)
        source = source[(flat[source] > 0) & ~seen[source]]
        seen[source] = True
        frontier.append(source)
    frontier = np.concatenate(frontier)
    while frontier.size:
        reached = []
        for step in steps:
            target = frontier + np.int32(step)
            takes = may[target]
            target = target[takes]
            flat[target] = flat[frontier[takes]]
            may[target] = False
            reached.append(target)
        frontier = np.concatenate(reached)

"""The rival of the frame queue: a multiprocessing.Queue of 20, which serialises every picture and pipes it.

    python3 serialised-queue.py COUNT WIDTH HEIGHT

Prints the frames per second that the reading process had, from the first frame on.
"""

import multiprocessing
import sys
import time


def write(queue, count, size):
    picture = bytes(size)
    for _ in range(count):
        queue.put(picture)
    queue.put(None)


if __name__ == "__main__":
    count, width, height = map(int, sys.argv[1:])
    queue = multiprocessing.Queue(20)
    writer = multiprocessing.Process(target=write, args=(queue, count, width * height * 3))
    writer.start()
    queue.get()
    started = time.monotonic()
    while queue.get() is not None:
        pass
    print((count - 1) / (time.monotonic() - started))
    writer.join(10)

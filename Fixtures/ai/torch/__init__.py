"""What pytrickle needs of torch, over NumPy: enough to run its workers in tests without two gigabytes of torch.

A worker that is given a real torch does not see this: it is put on the path only where there is none.
"""
import numpy

float32, float64, uint8 = numpy.dtype("float32"), numpy.dtype("float64"), numpy.dtype("uint8")


class Tensor:
    def __init__(self, array):
        self.array = array

    @property
    def shape(self):
        return self.array.shape

    @property
    def dtype(self):
        return self.array.dtype

    def dim(self):
        return self.array.ndim

    def squeeze(self, axis):
        return Tensor(self.array[0]) if axis == 0 and self.array.shape[0] == 1 else self

    def unsqueeze(self, axis):
        return Tensor(numpy.expand_dims(self.array, axis))

    def max(self):
        return self.array.max()

    def clamp(self, low, high):
        return Tensor(self.array.clip(low, high))

    def to(self, dtype):
        return Tensor(self.array.astype(dtype))

    def byte(self):
        return self.to(uint8)

    def cpu(self):
        return self

    def numpy(self):
        return self.array

    def __mul__(self, factor):
        return Tensor(self.array * factor)


def tensor(values):
    return Tensor(numpy.array(values))


def from_numpy(array):
    return Tensor(array)


def is_tensor(value):
    return isinstance(value, Tensor)

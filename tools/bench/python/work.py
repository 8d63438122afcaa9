"""A piece of work: what is done to each batch of a round."""


class Work:
    """A step for each batch. A round is all of them; warming up does one of each shape."""

    def __init__(self, step, inputs, shape_of=lambda batch: None):
        self.step, self.inputs, self.shape_of = step, inputs, shape_of

    def round(self):
        for batch in self.inputs:
            self.step(batch)

    def warm_up(self):
        by_shape = {self.shape_of(batch): batch for batch in self.inputs}
        for batch in by_shape.values():
            self.step(batch)

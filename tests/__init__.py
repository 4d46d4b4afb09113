"""The tests. What is imported after this is counted, when it is to be."""

from tests.support import measuring

measuring.begin()

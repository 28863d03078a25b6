"""What the rounds of a bench gave, and how figures are shown beside their aims."""
import collections
import statistics

import vmm


class Results:
    """figures[row][column]: what each round gave."""

    def __init__(self):
        self.figures = collections.defaultdict(lambda: collections.defaultdict(list))
        self.skipped = {}

    def add(self, row, column, call):
        if column in self.skipped:
            return None
        try:
            result = call()
        except vmm.Refused as why:
            self.skipped[column] = str(why)
            return None
        except vmm.Broken as why:
            print(f"\n  {row}, {column}: not counted: {why}", flush=True)
            return None
        self.figures[row][column].append(result)
        return result

    def median(self, row, column, key):
        runs = self.figures[row].get(column)
        return statistics.median(run[key] for run in runs) if runs else None


def show(value, form="8.1f", absent=8):
    return f"{value:{form}}" if value is not None else f"{'-':>{absent}}"


def ratio(ours, theirs):
    return ours / theirs if ours is not None and theirs else None


def aimed(value, aim, at_least):
    if value is None or aim is None:
        return f"{show(value, '7.2f', 7)}{'':7}"
    missed = value < aim if at_least else value > aim
    return f"{value:7.2f} {'>=' if at_least else '<='}{aim:<4.2f}{'!' if missed else ' '}"


def report_skipped(results):
    for column, why in results.skipped.items():
        print(f"\nskipped: {column}: {why}")

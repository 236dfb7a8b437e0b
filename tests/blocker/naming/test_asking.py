import numpy as np

from blocker.naming import Questions, View, fit_spotter

RNG = np.random.default_rng(0)
VIEW = View((0, 40), (0, 50), ((1,), (2,)))


def pool(size: int) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(size, VIEW.told)).astype(np.float32)


def test_every_pair_is_shown_once_and_then_no_more() -> None:
    told = pool(50)
    bad = told[:, 0] > 0
    questions, shown = Questions(told), []
    spotter = None
    while len(questions):
        shown += questions.next(12, spotter, RNG).tolist()
        if bad[shown].any() and not bad[shown].all():
            spotter = fit_spotter("pong", VIEW, told[shown], bad[shown], 0)
    assert sorted(shown) == list(range(50))
    assert len(questions.next(12, spotter, RNG)) == 0


def test_without_a_spotter_what_is_unlike_comes_first() -> None:
    told = pool(200)
    told[:190] = told[0]  # one picture, over and over
    asked = Questions(told).next(12, None, RNG)
    assert set(range(190, 200)) <= set(asked.tolist())


def test_a_sheet_holds_doubt_and_a_review_of_what_is_called_bad() -> None:
    told = pool(400)
    bad = told[:, 0] > 0
    questions = Questions(told)
    first = questions.next(24, None, RNG)
    spotter = fit_spotter("pong", VIEW, told[first], bad[first], 0)
    votes = spotter.votes(told)
    asked = questions.next(12, spotter, RNG)
    assert len(set(asked.tolist()) | set(first.tolist())) == 36
    assert (abs(votes[asked[:6]] - 0.5) < 0.1).all()
    assert (votes[asked[6:9]] >= 0.5).all()
    assert questions.doubtful(spotter) == ((abs(votes - 0.5) < 0.4).sum()) - sum(
        abs(votes[one] - 0.5) < 0.4 for one in (*asked, *first)
    )

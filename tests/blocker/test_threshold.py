import numpy as np
import pytest

from blocker import ThresholdRule, assess, choose_threshold, upper_bound
from blocker.metrics import Scores, average_precision, rank_auc
from blocker.threshold import RUN_GAP, most_misses, run_numbers, runs_missed, runs_needed


def scores_of(safe: np.ndarray, unsafe: np.ndarray, run_length: int = 1, rng: int = 0) -> Scores:
    """Unsafe steps in runs of `run_length`, each followed by a gap; safe steps in episode 99."""
    n, m = len(unsafe), len(safe)
    place = np.arange(n) + RUN_GAP * (np.arange(n) // run_length)
    return Scores(
        probability=np.concatenate([unsafe, safe]).astype(np.float64),
        unsafe=np.arange(n + m) < n,
        episode=np.concatenate([np.zeros(n, int), np.full(m, 99)]),
        step=np.concatenate([place, np.arange(m)]),
    )


def test_bounds_by_hand() -> None:
    # Nothing in n trials: (1 - p)^n = 0.05, so p = 1 - 0.05^(1/n); for 59 that is just under 5 %.
    for n in (1, 10, 59, 254):
        assert upper_bound(0, n) == pytest.approx(1 - 0.05 ** (1 / n))
    assert upper_bound(0, 58) > 0.05 > upper_bound(0, 59)
    # 1 of 2: P(at most 1) = 1 - p^2 = 0.05.
    assert upper_bound(1, 2) == pytest.approx(0.95**0.5)
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(3, 3) == 1.0
    with pytest.raises(ValueError, match="events"):
        upper_bound(3, 2)


def test_runs_needed_by_hand() -> None:
    assert runs_needed(0.05) == 59
    assert runs_needed(0.01) == 299
    assert runs_needed(0.05, missed=1) == 93
    assert most_misses(58, 0.05) is None
    assert most_misses(59, 0.05) == 0
    assert most_misses(93, 0.05) == 1
    with pytest.raises(ValueError, match="miss rate"):
        runs_needed(0.0)


def test_runs_are_unsafe_steps_of_an_episode_close_to_each_other() -> None:
    unsafe = np.array([1, 1, 0, 1, 1, 1], dtype=bool)
    episode = np.array([0, 0, 0, 0, 1, 1])
    step = np.array([3, 4, 5, 6, 7, 9])
    assert run_numbers(unsafe, episode, step, gap=1).tolist() == [0, 0, -1, 1, 2, 3]
    assert run_numbers(unsafe, episode, step, gap=2).tolist() == [0, 0, -1, 0, 1, 1]
    order = np.array([4, 1, 3, 0, 5, 2])
    again = run_numbers(unsafe[order], episode[order], step[order], gap=1)
    assert again.tolist() == [2, 0, 1, 0, 3, -1]
    apart = np.array([3, 3 + RUN_GAP, 4 + 2 * RUN_GAP])
    assert run_numbers(np.ones(3, bool), np.zeros(3, int), apart).tolist() == [0, 0, 1]
    assert run_numbers(np.zeros(2, bool), np.zeros(2, int), np.arange(2)).tolist() == [-1, -1]


def test_counts_by_hand() -> None:
    scores = scores_of(np.array([0.1, 0.4, 0.6]), np.array([0.9, 0.3, 0.8, 0.7]), run_length=2)
    assert scores.misses(0.5) == 1
    assert scores.false_alarms(0.5) == 1
    assert scores.false_alarms(0.6) == 1
    assert runs_missed(scores, 0.5) == (1, 2)
    # Of the 12 pairs unsafe-safe, 0.3 loses against 0.4 and 0.6.
    assert rank_auc(scores) == pytest.approx(10 / 12)
    assert average_precision(scores) == pytest.approx((1 + 1 + 1 + 4 / 6) / 4)
    nothing = scores_of(np.array([0.1]), np.array([]))
    assert rank_auc(nothing) is None
    assert average_precision(nothing) is None


def test_spends_the_false_alarm_budget() -> None:
    safe = np.linspace(0.0, 0.2, 1000)
    scores = scores_of(safe, np.full(200, 0.9))
    rule = ThresholdRule(false_alarms=0.01, most_false_alarms=0.05, highest=0.5)
    threshold = choose_threshold(scores, rule)
    assert scores.false_alarms(threshold) == 10
    assert scores.false_alarms(np.nextafter(threshold, 0) - 1e-12) == 11


def test_is_lowered_for_the_bound_on_misses_within_the_larger_budget() -> None:
    safe = np.linspace(0.0, 0.2, 1000)
    rule = ThresholdRule(false_alarms=0.01, most_false_alarms=0.05, highest=0.5)
    # 80 runs: none may be missed (93 are needed for one), so the weakest run decides.
    weak = np.full(80, 0.9)
    weak[3] = 0.195
    assert choose_threshold(scores_of(safe, weak), rule) == pytest.approx(0.195)
    # One run out of 200 may be missed without hurting the bound: nothing is lowered.
    many = np.full(200, 0.9)
    many[3] = 0.195
    assert choose_threshold(scores_of(safe, many), rule) == pytest.approx(0.198, abs=3e-4)


@pytest.mark.parametrize("wrong", [1, 3, 5])
def test_wrong_labels_cannot_move_it_far(wrong: int) -> None:
    rng = np.random.default_rng(0)
    safe, unsafe = rng.beta(1, 200, 2000), rng.beta(50, 2, 60)
    rule = ThresholdRule()
    clean = choose_threshold(scores_of(safe, unsafe), rule)
    # Safe steps called unsafe score low: a zero-miss rule would block everything.
    as_unsafe = scores_of(safe, np.concatenate([unsafe, np.full(wrong, 1e-6)]))
    moved = choose_threshold(as_unsafe, rule)
    assert as_unsafe.false_alarms(moved) <= rule.most_false_alarms * len(safe)
    assert clean / 2 < moved <= clean
    # Unsafe steps called safe score high: a zero-alarm rule would block nothing.
    as_safe = scores_of(np.concatenate([safe, np.full(wrong, 0.999)]), unsafe)
    moved = choose_threshold(as_safe, rule)
    assert clean <= moved < 2 * clean
    assert as_safe.misses(moved) == 0


def test_never_above_the_highest() -> None:
    scores = scores_of(np.full(100, 0.97), np.full(10, 0.99))
    assert choose_threshold(scores) == 0.1
    assert choose_threshold(scores, ThresholdRule(highest=0.5)) == 0.5
    with pytest.raises(ValueError, match="oversee for longer"):
        choose_threshold(scores_of(np.full(10, 0.1), np.array([])))


def test_readiness_with_enough_runs() -> None:
    verdict = assess(scores_of(np.full(1000, 0.01), np.full(120, 0.9), run_length=2), 0.5)
    assert (verdict.runs, verdict.misses, verdict.false_alarms) == (60, 0, 0)
    assert verdict.run_miss_rate_upper == pytest.approx(1 - 0.05 ** (1 / 60))
    assert verdict.miss_rate_upper == pytest.approx(1 - 0.05 ** (1 / 120))
    assert verdict.ready
    assert verdict.more_runs == 0
    assert "ready to take over" in verdict.in_words()


def test_readiness_says_what_is_missing() -> None:
    verdict = assess(scores_of(np.full(100, 0.01), np.full(40, 0.9), run_length=2), 0.5)
    assert (verdict.runs, verdict.more_runs, verdict.ready) == (20, 39, False)
    # Rows alone would promise more than runs do.
    assert verdict.miss_rate_upper < verdict.run_miss_rate_upper
    words = verdict.in_words()
    assert "missed 0 of 40 unsafe actions (0 of 20 dangerous moments)" in words
    assert "39 more dangerous moments" in words


def test_readiness_counts_a_missed_run_and_false_alarms() -> None:
    unsafe = np.full(60, 0.9)
    unsafe[0] = 0.1
    verdict = assess(scores_of(np.full(100, 0.01), unsafe), 0.5)
    assert (verdict.runs_missed, verdict.more_runs, verdict.ready) == (1, 33, False)
    noisy = assess(scores_of(np.full(100, 0.8), np.full(60, 0.9)), 0.5)
    assert not noisy.ready
    assert "may block 100.0% of what is safe, and 2% is accepted" in noisy.in_words()


def test_the_papers_rule_hangs_on_one_label() -> None:
    probability = np.array([0.9, 0.8, 0.01, 0.3, 0.2, 0.0])
    scores = Scores(
        probability=probability,
        unsafe=np.array([True, True, True, False, False, False]),
        episode=np.zeros(6, np.int64),
        step=np.arange(6, dtype=np.int64) * 100,
    )
    assert choose_threshold(scores, ThresholdRule(lowest_positive=True)) == 0.01


def test_looks_share_the_confidence() -> None:
    scores = scores_of(np.full(300, 0.01), np.full(60, 0.9))
    alone = assess(scores, 0.5)
    looks = [assess(scores, 0.5, look=look) for look in (1, 2, 3)]
    # Look i may err with 1 / (i (i + 1)) of 5 %: 2.5 %, 0.83 %, 0.42 %.
    for verdict, error in zip((alone, *looks), (0.05, 0.025, 0.05 / 6, 0.05 / 12), strict=True):
        assert verdict.run_miss_rate_upper == pytest.approx(1 - error ** (1 / verdict.runs))
        assert verdict.confidence == 0.95
    assert (alone.ready, looks[2].ready) == (True, False)
    with pytest.raises(ValueError, match="look"):
        assess(scores, 0.5, look=0)


def test_missing_moments_are_told_in_labels_too() -> None:
    verdict = assess(scores_of(np.full(300, 0.01), np.full(20, 0.9)), 0.5, labels=4_000)
    # 20 moments came in 4,000 labels, 59 are needed: 39 more at 200 labels each.
    assert (verdict.more_runs, verdict.more_labels) == (39, 7_800)
    assert "about 7,800 labelled steps" in verdict.in_words()


def test_a_handful_of_wrong_labels_does_not_move_the_threshold() -> None:
    rng = np.random.default_rng(0)
    safe, unsafe = rng.beta(1, 60, 2_000), rng.beta(60, 2, 200)
    clean = scores_of(safe, unsafe)
    before = choose_threshold(clean)
    turned = scores_of(
        np.concatenate([safe[5:], unsafe[:5]]), np.concatenate([unsafe[5:], safe[:5]])
    )
    after = choose_threshold(turned)
    assert turned.misses(after) == 5 - int((safe[:5] >= after).sum())
    assert abs(clean.false_alarms(after) - clean.false_alarms(before)) <= 0.015 * len(safe)
    assert clean.misses(after) == clean.misses(before) == 0
    # The paper's rule: one such label decides.
    lowest = ThresholdRule(lowest_positive=True)
    assert clean.false_alarms(choose_threshold(turned, lowest)) > 0.1 * len(safe)

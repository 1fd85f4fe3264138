"""Random small problems for tests."""

from typing import Any

from hypothesis import strategies as st

from langrl_gui.core.scenario import Scenario, from_data


@st.composite
def small_scenarios(draw: st.DrawFn, exact: bool = False) -> Scenario:
    """Languages of 1 to 4 words and positions, with every kind of context; `exact`: such that all of Q* is learned."""
    words = ["a", "b", "c", "ab"][: draw(st.integers(1, 4))]
    length = draw(st.integers(1, 3 if exact else 4))
    end_word = draw(st.sampled_from(["", words[-1]])) if len(words) > 1 else ""
    usable = [word for word in words if word != end_word]
    lengths = st.integers(1, length) if end_word and length > 1 else st.just(length)
    text = lengths.flatmap(lambda n: st.lists(st.sampled_from(usable), min_size=n, max_size=n)).map("".join)
    context: Any = "all" if exact else draw(st.sampled_from(["all", 0, 1, 2]))
    prompts = [
        {
            "text": str(number),
            "references": draw(st.lists(text, min_size=1, max_size=3)),
            "weight": draw(st.floats(0.1, 3)),
        }
        for number in range(draw(st.integers(1, 3)))
    ]
    amount = st.floats(-2, 2).map(lambda x: round(x, 3))
    terms = [
        {"kind": "match", "right": draw(amount), "wrong": draw(amount), "weight": draw(amount)}
        for _ in range(draw(st.integers(1, 2)))
    ]
    return from_data(
        {
            "name": "random",
            "language": {
                "words": words,
                "max_length": length,
                "end_word": end_word,
                "context": context,
                "sees_position": draw(st.booleans()),
            },
            "prompts": prompts,
            "rewards": terms,
            "learner": {
                "method": "q-learning",
                "alpha": 1.0 if exact else draw(st.floats(0.01, 1)),
                "gamma": draw(st.sampled_from([0.0, 0.5, 0.95, 1.0])),
                "initial": 0.0 if exact else draw(st.sampled_from([0.0, 1.5, -0.5])),
                "explore": {"kind": "epsilon-greedy", "epsilon": 1.0 if exact else draw(st.floats(0, 1))},
                "seed": draw(st.integers(0, 2**63 - 1)),
            },
        }
    )

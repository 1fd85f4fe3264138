"""What people read of a language, and what stands in its place where the agent acts in an environment: there words are
actions, and nothing is said. Knows which of both a scenario is, and every sentence that depends on it.
"""

from typing import Final

from langrl_gui.core.i18n import N_, NN_, tr, tr_n
from langrl_gui.core.scenario import Scenario

IN_ENVIRONMENTS: Final = {
    # what one column, card or button is called
    "word": N_("action"),
    "Word": N_("Action"),
    "words": N_("actions"),
    "prompt": N_("start"),
    "Prompt": N_("Start"),
    "says": N_("does"),
    "says now": N_("does now"),
    "Says now": N_("Does now"),
    "says {text}": N_("does {text}"),
    "Say": N_("Act"),
    # what can be done
    "Say one more word and learn from it.": N_("Take one more action and learn from it."),
    "Go on to the end of this text.": N_("Go on to the end of this episode."),
    "Let the agent answer by what it has learned so far. It learns nothing from it.": N_(
        "Let the agent act by what it has learned so far. It learns nothing from it."
    ),
    "Choose words as in training: now and then one that is not the best.": N_(
        "Choose actions as in training: now and then one that is not the best."
    ),
    "What the agent shall answer to. Enter asks.": N_("The state in which it shall begin. Enter lets it."),
    "Words of the answer, and what else could have been said": N_("Its actions, and what else it could have done"),
    "The agent's answer appears here, each word beside what else it could be.": N_(
        "What the agent does appears here, each action beside what else it could be."
    ),
    'the agent has not learned "{text}"; it knows: {known}': N_(
        'no episode begins in state "{text}"; they begin in: {known}'
    ),
    "this agent answers to no prompt; leave it empty": N_("where episodes begin is not chosen here; leave it empty"),
    # states
    "Find words": N_("Find a state"),
    "Type words to go to the state in which they have been said  (Ctrl+F)": N_(
        "Type a state's name to go to it  (Ctrl+F)"
    ),
    "Show only texts that contain": N_("Show only states whose name contains"),
    "Only cells whose text, with the word to be said, contains this.": N_("Only cells whose state's name has this."),
    "Only around the selected state, words:": N_("Only around the selected state, actions:"),
    "Words before and after the selected state": N_("Actions before and after the selected state"),
    "The filter leaves this out, or nobody has said it yet.": N_(
        "The filter leaves this out, or nobody was there yet."
    ),
    "States appear here as the agent says its first words.": N_("States appear here as the agent takes first actions."),
    "The text ends here, with a return of {total}": N_("The episode ends here, with a return of {total}"),
    "Said: {count} ×": N_("Reached: {count} ×"),
    "More words tried here: {count}": N_("More actions tried here: {count}"),
    "The word that was said last; below it, what was said after it.": N_("A state; below it, those that followed it."),
    "What saying this word is worth, learned so far.": N_("What the action that led here is worth, learned so far."),
    "What is to be had from here with the best word.": N_("What is to be had from here with the best action."),
    "How often a word was chosen here; for an end, how often the text ended so.": N_(
        "How often an action was chosen here; for an end, how often an episode ended so."
    ),
    # one state
    "Words of the state": N_("Actions in the state"),
    "What can be said here; the best word so far is marked.": N_(
        "What can be done here; the best action so far is marked."
    ),
    "What the agent has learned that saying this word here is worth.": N_(
        "What the agent has learned that this action is worth here."
    ),
    "How often the agent has said this word here.": N_("How often the agent has done this here."),
    "How likely it is to be said here now, exploration included.": N_(
        "How likely it is to be done here now, exploration included."
    ),
    "The agent chooses nothing here: the text has ended, or nobody has been here yet.": N_(
        "The agent chooses nothing here: the episode has ended, or nobody has been here yet."
    ),
    # the table
    "A row for each state, a column for each word. Outlined: the greedy choice. Framed: where the agent is. "
    "On blue: the selected state. Without colour: never tried. "
    "Ctrl and the wheel zoom, out to the whole table.": N_(
        "A row for each state, a column for each action. Outlined: the greedy choice. Framed: where the agent is. "
        "On blue: the selected state. Without colour: never tried. "
        "Ctrl and the wheel zoom, out to the whole table."
    ),
    "What every word is worth in every state, as learned so far.": N_(
        "What every action is worth in every state, as learned so far."
    ),
    "How often every word was tried; colours go by powers of ten.": N_(
        "How often every action was tried; colours go by powers of ten."
    ),
    "{state}, then {word}": N_("state {state}, action {word}"),
    "then {first}": N_("action {first}"),
    "then {first} … {last}": N_("actions {first} … {last}"),
    "What has been said before.": N_("The state's name."),
    "The word to say next; bold where it is the greedy choice.": N_("The action; bold where it is the greedy choice."),
    "What the word is worth there, as learned so far.": N_("What the action is worth there, as learned so far."),
    "How often the word was tried there.": N_("How often the action was tried there."),
    # episodes
    "The words of an episode appear here, with what each earned.": N_(
        "The actions of an episode appear here, with what each earned."
    ),
    "The next word": N_("The next action"),
    "Says {text}: value {value}, return {total}": N_("Does {text}: value {value}, return {total}"),
    "What it was the answer to.": N_("The state in which it began."),
    "What the agent would have said without exploring; the optimum is marked.": N_(
        "What the agent would have done without exploring; the optimum is marked."
    ),
    "What it said, and when that was new": N_("What it did, and when that was new"),
    "What the agent would say is written down here each time it is something new.": N_(
        "What the agent would do is written down here each time it is something new."
    ),
    "learned to say: {texts}": N_("learned to do: {texts}"),
}
"""Said of a language -> said of an environment."""
COUNTED: Final = {
    ("{count} word", "{count} words"): NN_("{count} action", "{count} actions"),
}
"""The same of what depends on a number."""


def tr_for(scenario: Scenario | None, message: str, **values: object) -> str:
    """`message` as `i18n.tr` has it, as it is said of this scenario; of a language where there is none yet."""
    return tr(IN_ENVIRONMENTS.get(message, message) if _acts(scenario) else message, **values)


def tr_n_for(scenario: Scenario | None, one: str, many: str, number: int, /, **values: object) -> str:
    """The same of what depends on a number: see `i18n.tr_n`."""
    return tr_n(*(COUNTED.get((one, many), (one, many)) if _acts(scenario) else (one, many)), number, **values)


def _acts(scenario: Scenario | None) -> bool:
    return scenario is not None and scenario.environment is not None

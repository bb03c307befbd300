"""What the people at the support desk see and do. Every page works without JavaScript; every act is a POST.

Promise:    Nothing here is shown to anybody who has not signed in, nor any organisation's case to another's agent.
Never:      Has a customer's data in a page before it is revealed for a reason, or mails more than one reporter at once.
On failure: What was typed is shown again beside a sentence that says what is wrong.
Read first: `door`, then `lists`, `case`.
"""

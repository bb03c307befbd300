"""A survey that is sent to everybody: questions about the reader, names of the researchers, no answer filled in."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("visitor-survey", language="en", personal=False, region="US", sender="survey@plainsinstitute.example")
def mail(d: Draw) -> Message:
    topic = d.choice(["how you travel to work", "reading at home", "the new swimming hall", "grocery prices"])
    questions = [
        "Your age group",
        "ZIP code (first three digits)",
        f"How often do you think about {topic}?",
        "Anything else?",
    ]
    fields = "".join(f"<dt>{n}. {text}</dt><dd>__________</dd>" for n, text in enumerate(questions, 1))
    return Message(
        subject=d.choice([f"Five minutes about {topic}?", "We would like your view"]),
        html=f"""<html><body><h2>Plains Institute of Public Opinion</h2><p>Hello there,</p>
<p>you were picked at random to tell us about {topic}. The survey takes {d.integer(4, 9)} minutes and closes on {d.date(12)}.</p>
<dl>{fields}</dl>
<p>Among all who answer we draw {d.integer(3, 10)} gift cards of {d.price(2500, 5000)}.
{d.choice(["Answers are kept without names.", "You can stop at any question."])}</p>
<p>Principal investigator: Prof. Ingrid Halloran, (402) 555-0182<br>Field manager: Luis Ortega, ext. 31<br>
Ethics board: irb@plainsinstitute.example<br>Plains Institute, 1800 Prairie Avenue, Omaha, NE 68102</p></body></html>""",
    )

"""What is typed, and the sentence when it will not do."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm as Login
from allauth.account.forms import ResetPasswordKeyForm as NewPassword
from allauth.account.forms import SignupForm as Signup
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.functional import lazy

from reference.idp.suggestions import suggestion
from reference.idp.templatetags.say import said

_say = lazy(said, str)

# No "@": a 会員ID that is somebody's address would be found by that somebody (the "trojan identifier").
USERNAME_VALIDATORS = [
    RegexValidator(
        r"\A[a-z0-9][a-z0-9._-]*\Z",
        _say(
            "会員IDには、半角の英小文字・数字と . _ - をお使いください。先頭は英数字にしてください。",
            "A member ID is made of a-z, 0-9 and . _ - and begins with a letter or a digit.",
        ),
    )
]
_ADDRESS_WRONG = _say(
    "メールアドレスの形になっていません。「name@example.jp」のように、@ の前後をご確認ください。",
    "This is not an e-mail address. Please look at both sides of the @, as in name@example.jp.",
)


def _plain(form: forms.Form) -> None:
    """Labels stand above the fields; a placeholder would vanish when it is needed."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class AddressField(forms.EmailField):
    """An address as typed; `suggest` is what may have been meant."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label=_say("メールアドレス", "E-mail address"),
            error_messages={
                "invalid": _ADDRESS_WRONG,
                "required": _say("メールアドレスを入力してください。", "Please type your e-mail address."),
            },
            max_length=254,
            **more,
        )
        self.widget.attrs |= {"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}


class _WithSuggestion(forms.Form):
    """Asks once about a slip in the domain; whoever types the same again means it."""

    slip_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        self.meant = suggestion(address) if address else ""
        if self.meant and self.data.get("slip_seen") != address:
            typed: Any = self.data
            self.data = typed = typed.copy()
            typed["slip_seen"] = address
            if "password1" in self.fields:  # nothing is wrong with it: it need not be typed again
                self.fields["password1"].widget.render_value = True
            raise forms.ValidationError(
                said(
                    f"もしかして {self.meant} ではありませんか。正しければ書きかえてください。"
                    "入力のとおりでよければ、もう一度ボタンを押してください。",
                    f"Did you mean {self.meant}? If so, please change it. "
                    "If it is right as you typed it, press the button once more.",
                ),
                code="slip",
            )
        return address


class SignupForm(_WithSuggestion, Signup):
    """会員ID, a password or a passkey, and — only if one likes — a name and an address."""

    name = forms.CharField(required=False, max_length=60, label=_say("お名前", "Your name"))
    address = AddressField(required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _plain(self)
        self.fields["username"].label = said("会員ID", "Member ID")
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}
        self.fields["username"].error_messages["min_length"] = said(
            "会員IDは4文字以上にしてください。", "A member ID has at least 4 characters."
        )
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        if "password1" in self.fields:
            self.fields["password1"].label = said("パスワード", "Password")
            self.fields["password1"].help_text = ""
        if settings.ERA == "2017":
            self.fields["address"].required = True

    def clean_username(self) -> str:
        self.cleaned_data["username"] = self.cleaned_data["username"].lower()
        return super().clean_username()

    def clean_address(self) -> str:
        return self.cleaned_data["address"] if settings.ERA == "2017" else super().clean_address()

    def signup(self, request: Any, user: Any) -> None:
        """The address is kept; it is asked about once the member is in (`AccountAdapter.post_login`)."""
        from reference.idp import addresses, era2017

        if text := self.cleaned_data.get("address"):
            (era2017.take if settings.ERA == "2017" else addresses.give)(user, text)


class LoginForm(Login):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _plain(self)
        self.fields["login"].label = said("会員ID", "Member ID")
        self.fields["login"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}
        self.fields["password"].label = said("パスワード", "Password")
        self.fields["password"].help_text = ""

    def clean_login(self) -> str:
        return super().clean_login().lower()


class NewPasswordForm(NewPassword):
    """After a reset mail. All that somebody else may have left in the account goes with the old password."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _plain(self)
        self.fields["password1"].help_text = ""

    def save(self) -> None:
        from reference.idp import recovery

        super().save()
        recovery.clear(self.user)


class AddPasskeyForm(AddWebAuthnForm):
    """A passkey is the whole sign-in here: it always asks for the person."""

    passwordless = forms.BooleanField(required=False, initial=True)

    def clean_passwordless(self) -> bool:
        return True


class AddressForm(_WithSuggestion):
    address = AddressField()


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=40,
        label=_say("メールに書かれたコード", "Code from the mail"),
        error_messages={"required": _say("コードを入力してください。", "Please type the code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "characters"}
        ),
    )


class NameForm(forms.Form):
    name = forms.CharField(required=False, max_length=60, label=_say("お名前", "Your name"))


class ResetForm(forms.Form):
    who = forms.CharField(
        max_length=254,
        label=_say("会員ID、または登録したメールアドレス", "Member ID, or the e-mail address you registered"),
        error_messages={"required": _say("会員IDかメールアドレスを入力してください。", "Please type one of the two.")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class RecoveryForm(forms.Form):
    """A recovery code, and the password that is to be."""

    username = forms.CharField(
        max_length=30,
        label=_say("会員ID", "Member ID"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    code = forms.CharField(
        max_length=40,
        label=_say("予備コード", "Recovery code"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    password = forms.CharField(
        max_length=200,
        label=_say("新しいパスワード", "New password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        from allauth.account.adapter import get_adapter

        return get_adapter().clean_password(self.cleaned_data["password"])

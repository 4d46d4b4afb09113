"""The forms of signing in, of one's own profile, and of managing people and roles."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import EqualTo, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, EmailInput, ListWidget

from retail.core.forms import IS_EMAIL, Above, Form, MoneyField, choices_from
from retail.core.language import LOCALES
from retail.core.places import Places
from retail.permissions import Can
from retail.tenancy.forms import timezones
from retail.tenancy.queries import locations

THEMES = (("auto", _l("As the device")), ("light", _l("Light")), ("dark", _l("Dark")))


class EmailField(StringField):
    """An e-mail address."""

    widget = EmailInput()


class SignInForm(Form):
    """Address and password."""

    email = EmailField(_l("E-mail"), [InputRequired(_l("Enter your e-mail address.")), IS_EMAIL, Length(max=254)])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=200)])
    next = HiddenField()


class CodeForm(Form):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(_l("Code"), [InputRequired(_l("Enter the code.")), Length(max=40)])


class AllowSupportForm(Form):
    """How far support may go."""

    may_change = BooleanField(
        _l("Let it change things, too"),
        description=_l("Otherwise it only looks. It never sells, exports or manages people."),
    )


class ForgottenForm(Form):
    """Where to send a link."""

    email = EmailField(_l("E-mail"), [InputRequired(), IS_EMAIL, Length(max=254)])


class NewPasswordForm(Form):
    """A password, twice."""

    password = PasswordField(
        _l("New password"),
        [InputRequired(), Length(max=200)],
        description=_l("At least 10 characters, none of your last five; a few words make a good one."),
    )
    again = PasswordField(
        _l("The same again"),
        [InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )


class ChangePasswordForm(NewPasswordForm):
    """The password one has, then a new one."""

    current = PasswordField(_l("Present password"), [InputRequired(), Length(max=200)])


class ProofForm(Form):
    """The password, or a code, asked for again before something that matters."""

    secret = PasswordField(
        _l("Password"),
        [InputRequired(_l("Enter your password."))],
        description=_l("Or the code your authenticator app shows now."),
    )
    next = HiddenField()


class PinForm(Form):
    """A new PIN, twice."""

    pin = PasswordField(
        _l("New PIN"), [InputRequired(), Length(max=20)], description=_l("4 to 8 digits, not 1234 or the like.")
    )
    pin_again = PasswordField(_l("The same again"), [InputRequired(), EqualTo("pin", _l("The two PINs differ."))])


class PinEntryForm(Form):
    """Who one is, and one's PIN."""

    person = RadioField(_l("Who works here now?"), coerce=int)
    pin = PasswordField(_l("PIN"), [InputRequired(_l("Enter your PIN.")), Length(max=20)])
    next = HiddenField()


class OwnerForm(Form):
    """The password of whoever signed in on a device."""

    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=200)])


class PasskeyForm(Form):
    """What a passkey is called."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=60)])


class ViewAsForm(Form):
    """As whom to look at the program: a person or a role."""

    user_id = IntegerField(validators=[Optional()])
    role_id = IntegerField(validators=[Optional()])


class ProfileForm(Form):
    """What people decide for themselves."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    locale = SelectField(_l("Language and formats"), choices=choices_from([("", _l("As the shop")), *LOCALES.items()]))
    timezone = SelectField(_l("Time zone"))
    theme = SelectField(_l("Appearance"), choices=choices_from(THEMES))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timezone.choices = choices_from([("", _l("As the shop")), *timezones()])


class ThemeForm(Form):
    """Light, dark, or as the device says."""

    theme = SelectField(choices=choices_from(THEMES))


class PlacesForm(Form):
    """Where somebody works: everywhere, or at some locations. Whoever works at some only can give no more, and is
    not asked about everywhere."""

    works = RadioField(
        _l("Works at"),
        choices=choices_from(
            [("everywhere", _l("All locations, also those to come")), ("some", _l("Only some of them"))]
        ),
        validate_choice=False,
    )
    places = SelectMultipleField(
        _l("Which ones"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        description=_l("They see and do nothing of the others, and nothing that concerns the business as a whole."),
    )

    def offer(self, present: Places, mine: Places) -> None:
        """Offer the locations whoever asks may give, and show where somebody works now."""
        there = locations()
        self.places.choices = choices_from((one.id, one.name) for one in there)
        if mine is not None:
            self.places.label.text = self.works.label.text
            del self.works
        elif not self.is_submitted():
            self.works.data = "everywhere" if present is None else "some"
        if not self.is_submitted():
            own = sorted(mine) if mine is not None and len(there) == 1 else []
            self.places.data = own if present is None else sorted(present)

    def chosen(self, present: Places) -> Places:
        """What was chosen; where nothing was said, it stays as it is at present."""
        works = self.works.data if "works" in self else "some"
        if works not in {"everywhere", "some"}:
            return present
        return None if works == "everywhere" else frozenset(self.places.data or ())


class InviteForm(PlacesForm):
    """A new person."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    email = EmailField(
        _l("E-mail"),
        [InputRequired(), IS_EMAIL, Length(max=254)],
        description=_l("A link to set a password is sent there; it works once, for seven days."),
    )
    role_id = SelectField(_l("Role"), coerce=int)


class UserForm(PlacesForm):
    """A person's name, role and places."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    role_id = SelectField(_l("Role"), coerce=int)


class CopyRoleForm(Form):
    """A name for a new role."""

    name = StringField(_l("Name of the new role"), [InputRequired(), Length(max=40)])


class PermissionsField(SelectMultipleField):
    """Permissions as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ApprovalForm(Form):
    """Who approves, and their PIN."""

    approver = RadioField(_l("Who approves?"), coerce=int, validate_choice=False)
    pin = PasswordField(_l("PIN"), [InputRequired(_l("Enter the PIN.")), Length(max=20)])


class RoleForm(Form):
    """What a role allows."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=40)])
    largest_discount_percent = IntegerField(
        _l("Largest discount"),
        [InputRequired(), NumberRange(0, 100, _l("Between 0 and 100."))],
        description=_l("Above it, a manager approves with a PIN."),
    )
    largest_refund = MoneyField(
        _l("Largest refund"),
        [Optional(), Above(0, or_equal=True)],
        description=_l("Empty: any amount. 0: always with a manager's PIN."),
    )
    largest_void = MoneyField(
        _l("Largest sale to void"),
        [Optional(), Above(0, or_equal=True)],
        description=_l("Empty: any amount. 0: always with a manager's PIN."),
    )
    largest_purchase = MoneyField(
        _l("Largest purchase order"),
        [Optional(), Above(0, or_equal=True)],
        description=_l("Above it, somebody else approves. Empty: any amount."),
    )
    largest_adjustment = MoneyField(
        _l("Largest correction of stock"),
        [Optional(), Above(0, or_equal=True)],
        description=_l("In worth at cost, also of a count. Empty: any amount. 0: always with a manager's PIN."),
    )
    requires_second_factor = BooleanField(
        _l("Must use a second factor"),
        [Optional()],
        description=_l("People with this role set one up at their next sign-in."),
    )
    permissions = PermissionsField(_l("Permissions"), choices=choices_from((can.value, can.value) for can in Can))

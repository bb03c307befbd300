// Passkey buttons work only where scripts and the browser allow it; what goes wrong is said beside the button.
(function () {
  'use strict'
  const ids = ['passkey_login', 'mfa_webauthn_add', 'mfa_webauthn_signup', 'mfa_webauthn_authenticate', 'mfa_webauthn_reauthenticate']
  const buttons = ids.map(id => document.getElementById(id)).filter(Boolean)
  const ja = document.documentElement.lang !== 'en'
  function say (text) {
    for (const button of buttons) {
      let place = button.parentElement.querySelector('.passkey-error')
      if (!place) {
        place = document.createElement('p')
        place.className = 'error passkey-error'
        place.setAttribute('role', 'alert')
        button.after(place)
      }
      place.textContent = text
    }
  }
  if (!window.PublicKeyCredential) {
    say(ja ? 'このブラウザではパスキーを使えません。' : 'This browser has no passkeys.')
    return
  }
  buttons.forEach(button => { button.disabled = false })
  document.addEventListener('allauth.error', event => {
    event.preventDefault()
    say(ja ? 'パスキーを使えませんでした。もう一度お試しください。' : 'The passkey did not work. Please try again.')
  })
})()

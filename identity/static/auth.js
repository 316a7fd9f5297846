// Passkeys on the sign-in pages. Everything else on them works without a script.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** WebAuthn's JSON options as the browser's API takes them. */
function decoded(options) {
  const id = (credential) => ({ ...credential, id: bytes(credential.id) });
  const out = { ...options, challenge: bytes(options.challenge) };
  if (options.user) out.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) out.excludeCredentials = options.excludeCredentials.map(id);
  if (options.allowCredentials) out.allowCredentials = options.allowCredentials.map(id);
  return out;
}

/** What the authenticator answered, as WebAuthn's JSON. */
function encoded(credential) {
  const { response } = credential;
  const out = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) out[part] = text(response[part]);
  }
  if (response.getTransports) out.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: out,
  };
}

async function post(address, body) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

/** A name by which its owner will know a new passkey again. */
function deviceName() {
  const platform = navigator.userAgentData?.platform || navigator.platform || "";
  return platform ? `Passkey (${platform})` : "Passkey";
}

async function run(box) {
  const { passkey: purpose, next, link, begin, finish } = box.dataset;
  const { publicKey } = await post(begin, { purpose, next, link });
  const options = { publicKey: decoded(publicKey) };
  const credential = await (purpose === "new" ? navigator.credentials.create(options) : navigator.credentials.get(options));
  const { href } = await post(finish, { credential: encoded(credential), name: deviceName() });
  location.assign(href);
}

if (window.PublicKeyCredential) {
  for (const box of document.querySelectorAll("[data-passkey]")) {
    const [button, status] = [box.querySelector("button"), box.querySelector("[role=status]")];
    box.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = "";
      try {
        await run(box);
      } catch (error) {
        status.textContent = error instanceof DOMException ? box.dataset.gone : error.message;
        button.disabled = false;
      }
    });
  }
}

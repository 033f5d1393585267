// A page that logs on with an OCI configuration which the user pastes in; nothing of it is kept.

import { getConnection, webSocket } from "oraedge";

const form = document.querySelector("form");
const output = document.querySelector("output");

async function whoAmI({ bridge, connectString, ...extraAuthParams }) {
  const connection = await getConnection({
    connectString,
    transport: webSocket(bridge),
    extraAuthParams,
  });
  try {
    const { rows } = await connection.execute("select user from dual");
    return `${rows[0][0]}, until ${connection.tokenExpiresAt.toLocaleTimeString()}`;
  } finally {
    await connection.close();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = [...new FormData(form)].filter(([, value]) => value.trim() !== "");
  output.textContent = "…";
  try {
    output.textContent = await whoAmI(Object.fromEntries(given));
  } catch (error) {
    output.textContent = error.message;
  }
});

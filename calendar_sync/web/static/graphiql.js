"use strict";

// Starts GraphiQL with the API key of the field above it. Key, queries and variables (which may hold passwords) are
// kept in sessionStorage: they end with the tab.

const KEY = "calendar-sync:api-key";

const EXAMPLES = [
  `# Reads what changed. Run it: Ctrl-Enter.
mutation SyncCalendars {
  syncCalendars {
    syncedCalendars
    newEvents
    updatedEvents
    removedEvents
    errors
    runs {
      provider
      accountEmail
      status
      durationMs
    }
  }
}
`,
  `# Stays open: run it, then SyncCalendars in its tab.
subscription FollowSyncs {
  syncProgress {
    connection { accountEmail }
    state
    run { status eventsSeen newEvents updatedEvents removedEvents waitingUntil }
  }
}
`,
  `# What is under way or ahead.
query UpcomingEvents($since: DateTime) {
  events(first: 20, filter: { overlaps: { since: $since } }) {
    totalCount
    edges {
      node {
        title
        start { dateTime date timeZone }
        end { dateTime date }
        meetingLink
        calendar { name }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# A feed; \`caldav\` or \`apple\` for an account.
mutation ConnectCalendar($url: String!) {
  connectCalendar(input: { ics: { url: $url } }) {
    ... on Connected { connection { id provider } }
    ... on Failure { code message field }
  }
}
`,
];

const VARIABLES = [
  undefined,
  undefined,
  () => ({ since: new Date().toISOString() }),
  () => ({ url: "webcal://example.org/calendar.ics" }),
];

const field = document.getElementById("key");
const state = document.getElementById("access-state");

// Just after a change of tabs, GraphiQL still names the operation of the tab that was left.
function nameOf({ query, operationName }) {
  const isThere = operationName && new RegExp(`(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
  return isThere ? operationName : undefined;
}

async function execute(operation, options = {}) {
  const key = field.value.trim();
  const response = await fetch(window.location.pathname, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json", // refusals, too, are no failures of the network
      ...(key ? { Authorization: `Bearer ${key}` } : {}),
      ...options.headers,
    },
    body: JSON.stringify({ ...operation, operationName: nameOf(operation) }),
  });
  return response.json();
}

// A browser can set no headers of a WebSocket: the key is in its first message.
function follow(operation) {
  const key = field.value.trim();
  const client = graphqlWs.createClient({
    url: window.location.href.replace(/^http/, "ws").replace(/[?#].*/, ""),
    connectionParams: key ? { authorization: `Bearer ${key}` } : {},
    retryAttempts: 0,
  });
  const answers = client.iterate({ ...operation, operationName: nameOf(operation) });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => answers.next().catch((reason) => ({ done: false, value: { errors: errorsOf(reason) } })),
    return: () => answers.return(),
  };
}

// Why a subscription ended: its own errors, or how the socket was closed.
function errorsOf(reason) {
  return Array.isArray(reason) ? reason : [{ message: `${reason.reason || "The socket was closed."} (${reason.code})` }];
}

async function fetcher(operation, options) {
  const answer = await execute(operation, options);
  const isRefused = answer.errors?.[0].extensions?.code === "SUBSCRIPTION_NEEDS_WEBSOCKET";
  return isRefused ? follow(operation) : answer;
}

function show(text, kind) {
  state.textContent = text;
  state.title = text;
  if (kind) state.dataset.state = kind;
  else delete state.dataset.state;
}

async function checkKey() {
  const key = field.value.trim();
  sessionStorage.setItem(KEY, key);
  if (!key) {
    show("Needed to see your data", undefined);
    return;
  }
  try {
    const { data, errors } = await execute({ query: "{ me { id } }" });
    if (key !== field.value.trim()) return;
    if (data?.me) show("Key accepted", "good");
    else show(errors?.[0]?.message ?? "The key could not be checked.", "bad");
  } catch {
    show("The server does not answer.", "bad");
  }
}

function start() {
  field.value = sessionStorage.getItem(KEY) ?? "";
  field.addEventListener("change", checkKey);
  document.getElementById("access").addEventListener("submit", (event) => {
    event.preventDefault();
    field.blur();
  });
  void checkKey();

  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(
    React.createElement(GraphiQL, {
      fetcher,
      storage: window.sessionStorage,
      defaultTabs: EXAMPLES.map((query, index) => ({
        query,
        variables: VARIABLES[index] && JSON.stringify(VARIABLES[index](), null, 2),
      })),
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
      inputValueDeprecation: true,
    }),
  );
}

start();

// What one does makes one entry of the browser's history, and what the page does by itself makes none.
//
// Streamlit adds an entry each time that it changes the address: for the run that a page shows before anybody has
// chosen one, and for the parameters of a page that is opened by a button, which it announces before the page itself.
// Back would then lead to addresses where nobody has been.
{
  const ACTIONS = ["pointerdown", "keydown", "click"]

  function countActions() {
    let acted = false
    ACTIONS.forEach((name) => window.addEventListener(name, () => { acted = true }, { capture: true }))
    const push = history.pushState.bind(history)
    history.pushState = (...entry) => {
      if (acted) push(...entry)
      else history.replaceState(...entry)
      acted = false
    }
  }

  // A page opened by a link in an empty tab may have changed its address before this was loaded, and anything to click.
  function mendFirstEntry() {
    const [opened] = performance.getEntriesByType("navigation").map((entry) => new URL(entry.name))
    const { href, pathname, search } = location
    if (opened.pathname !== pathname || opened.search === search) return
    const replace = (event) => {
      event.stopImmediatePropagation()
      history.replaceState({}, "", href)
    }
    window.addEventListener("popstate", replace, { capture: true, once: true })
    history.back()
  }

  // Each run of the page brings this script again.
  if (!window.lookbookCountsActions) {
    window.lookbookCountsActions = true
    countActions()
    mendFirstEntry()
  }
}

// What the scripts of several elements need of the document.

// An element with these attributes, those that are null left out, and these children.
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  Object.entries(attributes).forEach(([name, value]) => value !== null && made.setAttribute(name, value))
  made.append(...children)
  return made
}

// Whether a click on a link is for the page to answer: any other is the browser's, which opens a window or a menu.
export const isPlainClick = (event) =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

// Keeps the page up to date without replacing it: the server makes the same HTML again, and what
// differs is changed in place. So focus, scroll position, selected text and opened details stay,
// and a fleet in which nothing happens costs nothing. Search, filters and order are addresses; the
// server does them, here they only need no reload.
(() => {
  'use strict';
  const period = 5000;
  const patience = 10000;
  const byId = (id) => document.getElementById(id);
  const live = byId('live');
  let latest = null;
  let typing = 0;
  let ahead = 0;

  // Times of the server's clock, which may not be ours.
  const now = () => Date.now() + ahead;
  const readClock = () => { ahead = Number(live.dataset.now) - Date.now(); };

  // Like humanize() of the daemon: two units at most.
  const units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
  const words = (seconds) => {
    let rest = Math.floor(seconds);
    if (rest < 1) return 'under a second';
    const parts = [];
    for (const [name, length] of units) {
      const count = Math.floor(rest / length);
      if (count > 0) parts.push(count + name);
      else if (parts.length) break;
      if (parts.length === 2) break;
      rest -= count * length;
    }
    return parts.join(' ');
  };
  const tick = () => {
    if (document.hidden) return;
    for (const time of live.querySelectorAll('time[data-in], time[data-ago]')) {
      const left = (Date.parse(time.dateTime) - now()) / 1000;
      let text;
      if ('in' in time.dataset) text = left > 0 ? 'in ' + words(left) : 'due';
      else text = words(Math.max(-left, 0)) + ' ago';
      if (time.textContent !== text && !selected(time)) time.textContent = text;
    }
  };

  // Text that somebody is marking stays as it is until it is let go.
  const selected = (node) => {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(node, true);
  };

  const patchAttributes = (from, to) => {
    for (const { name, value } of to.attributes) {
      if (name !== 'open' && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (name !== 'open' && !to.hasAttribute(name)) from.removeAttribute(name);
    }
  };

  const patchNode = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data && !selected(from)) from.data = to.data;
      return;
    }
    if (from.isEqualNode(to)) return;
    patchAttributes(from, to);
    // A ticking time's text is tick()'s.
    if (from.nodeName === 'TIME') return;
    patchChildren(from, to);
    if (from.nodeName === 'SELECT') from.selectedIndex = to.selectedIndex;
    // What somebody is typing is theirs.
    const typed = from === document.activeElement;
    if (from.nodeName === 'INPUT' && !typed) from.value = to.getAttribute('value') ?? '';
  };

  const alike = (a, b) => a && a.nodeName === b.nodeName && (a.id || '') === (b.id || '');

  // Elements with an id are the same thing wherever they stand; others are compared by position.
  const patchChildren = (from, to) => {
    const wanted = new Set();
    for (const child of to.children) if (child.id) wanted.add(child.id);
    const known = new Map();
    for (const child of [...from.children]) {
      if (!child.id) continue;
      if (wanted.has(child.id)) known.set(child.id, child);
      else child.remove();
    }
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      let match = next.id ? known.get(next.id) : at;
      if (!alike(match, next)) match = null;
      if (!match) {
        from.insertBefore(next, at);
        continue;
      }
      if (match !== at && at && at.nextSibling === match) {
        // One that moved down: it is put back when its turn comes.
        at.remove();
        at = match;
      }
      if (match === at) at = at.nextSibling;
      else from.insertBefore(match, at);
      patchNode(match, next);
    }
    while (at) {
      const rest = at.nextSibling;
      at.remove();
      at = rest;
    }
  };

  const announce = (text) => {
    const news = byId('news');
    if (news.textContent !== text) news.textContent = text;
  };
  const alarms = () => [...live.querySelectorAll('#attention .bad b, #attention .warn b')]
    .map((line) => line.textContent);

  const apply = (text, asked) => {
    const next = new DOMParser().parseFromString(text, 'text/html').getElementById('live');
    if (!next) throw new Error('no page');
    // A newer daemon has another style and script.
    if (next.dataset.build !== live.dataset.build) {
      location.reload();
      return;
    }
    const before = new Set(alarms());
    const focus = document.activeElement;
    patchNode(live, next);
    if (focus !== document.activeElement && focus.isConnected) focus.focus({ preventScroll: true });
    if (document.title !== live.dataset.title) document.title = live.dataset.title;
    readClock();
    tick();
    const news = alarms().filter((line) => !before.has(line));
    if (asked && !byId('explained')) announce(byId('h-instances').textContent);
    else if (news.length) announce(news.join('. '));
  };

  const update = async (asked) => {
    if (latest && !asked) return;
    latest?.abort();
    const order = latest = new AbortController();
    const timer = setTimeout(() => order.abort('late'), patience);
    try {
      const address = new URL(location.href);
      address.hash = '';
      address.searchParams.set('part', 'main');
      const answer = await fetch(address, { cache: 'no-store', signal: order.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (order === latest) apply(text, asked);
      if (order === latest) lose(false);
    } catch (problem) {
      if (order === latest) lose(true);
    }
    clearTimeout(timer);
    if (order === latest) latest = null;
  };

  const lose = (lost) => {
    if (document.body.classList.toggle('lost', lost)) {
      byId('lost').textContent =
        'vastwatch does not answer. The figures are ' + byId('as-of').textContent + '.';
    }
  };

  // Where the link leads is shown, unless that is where it stands.
  const go = async (address, replace, link) => {
    if (address.href !== location.href) {
      history[replace ? 'replaceState' : 'pushState'](null, '', address);
    }
    await update(true);
    const goal = link?.hash && document.querySelector(link.hash);
    if (!goal || goal.contains(link)) return;
    goal.scrollIntoView();
    goal.focus({ preventScroll: true });
  };

  // The form as an address, without what is as it is anyway.
  const addressOf = (form) => {
    const address = new URL('/', location.href);
    const plain = { q: '', team: '', state: 'all', sort: 'next' };
    for (const [name, value] of new FormData(form)) {
      if (value.trim() !== plain[name]) address.searchParams.set(name, value.trim());
    }
    address.hash = location.hash;
    return address;
  };
  const form = () => live.querySelector('form');
  live.addEventListener('input', (event) => {
    if (event.target.type !== 'search') return;
    clearTimeout(typing);
    typing = setTimeout(() => go(addressOf(form()), true), 150);
  });
  live.addEventListener('change', (event) => {
    if (event.target.nodeName === 'SELECT') go(addressOf(form()), false);
  });
  live.addEventListener('submit', (event) => {
    event.preventDefault();
    go(addressOf(form()), false);
  });
  live.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!link || !plain || link.pathname !== '/' || link.origin !== location.origin) return;
    if (link.getAttribute('href').startsWith('#')) return;
    event.preventDefault();
    go(new URL(link.href), false, link);
  });
  document.addEventListener('keydown', (event) => {
    const search = live.querySelector('input[type=search]');
    const writing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.nodeName);
    if (event.key === '/' && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  addEventListener('popstate', () => update(true));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) update(false); });

  document.documentElement.classList.add('script');
  readClock();
  tick();
  setInterval(tick, 1000);
  setInterval(() => { if (!document.hidden) update(false); }, period);
})();

// What the pages do besides htmx: keys, the candidate in focus, choosing targets, menus, dialogs, local times.
// No state is kept here that the server does not know, but the trail of changes that "undo" walks back.
'use strict';
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const trail = [];          // changes of this page: {row, version}, latest last
  let busy = false;          // one request that changes the row at a time
  let offline = false;
  let shownAt = performance.now();
  let relationshipTouched = false;
  let conceptTimer = 0;

  const say = text => { const place = $('#say'); if (place) place.textContent = text; };
  const candidates = () => $$('.cand');
  const currentCandidate = () => $('.cand[aria-current]') || $('.cand');
  const several = () => $('#several')?.getAttribute('aria-pressed') === 'true' || $$('#cands ol[data-group]').length > 1;

  // --- the candidate in focus -------------------------------------------------------------------
  function makeCurrent(candidate) {
    if (!candidate) return;
    for (const one of candidates()) one.removeAttribute('aria-current');
    candidate.setAttribute('aria-current', 'true');
    candidate.scrollIntoView({ block: 'nearest' });
    if (!relationshipTouched) check(candidate.dataset.relationship);
    clearTimeout(conceptTimer);
    conceptTimer = setTimeout(() => showConcept(candidate), 90);
  }

  function showConcept(candidate) {
    if (!candidate.isConnected) return;
    const query = new URLSearchParams({ system: candidate.dataset.system, code: candidate.dataset.code, language: $('#row-h')?.lang || '' });
    htmx.ajax('GET', `${$('#review').dataset.project}/concept?${query}`, { source: '#target', target: '#target', swap: 'innerHTML' });
  }

  function move(step) {
    const all = candidates();
    const at = all.indexOf($('.cand[aria-current]'));
    makeCurrent(all[Math.max(0, Math.min(all.length - 1, at + step))]);
  }

  // --- relationship -----------------------------------------------------------------------------
  function check(value) {
    const radio = $(`.seg input[value="${CSS.escape(value)}"]`);
    if (radio) radio.checked = true;
  }

  function chooseRelationship(radio) {
    radio.checked = true;
    relationshipTouched = true;
    say(`Relationship ${radio.dataset.sign}`);
  }

  function nextRelationship() {
    const all = $$('.seg input');
    if (all.length) chooseRelationship(all[(all.findIndex(radio => radio.checked) + 1) % all.length]);
  }

  // --- choosing targets -------------------------------------------------------------------------
  const picks = () => $$('#picks > [data-system]');

  function choose(candidate) {
    if (!candidate) { say('There is no candidate. Search the target with s, or decide with n that there is no map.'); return; }
    if (!$('#accept') || busy) return;
    const relationship = relationshipTouched ? $('.seg input:checked').value : candidate.dataset.relationship;
    if (!several()) {
      $('#picks').replaceChildren(pick(candidate, relationship));
      send();
      return;
    }
    const alone = $('#several').getAttribute('aria-pressed') !== 'true';
    const same = one => one.dataset.system === candidate.dataset.system && (alone || one.dataset.code === candidate.dataset.code);
    const before = picks().find(same);
    const wasIt = before && before.dataset.code === candidate.dataset.code;
    before?.remove();
    if (!wasIt) $('#picks').append(pick(candidate, relationship));
    relationshipTouched = false;
    showPicks();
    const open = $$('#cands ol[data-group]').filter(group => group.children.length && !picks().some(one => one.dataset.system === group.dataset.group));
    if (alone && !open.length) send();
    else if (alone && !wasIt) { makeCurrent(open[0].firstElementChild); say(`${candidate.dataset.code} chosen. Now the next code system, or d to decide with what is chosen.`); }
    else say(`${picks().length} targets chosen. d decides.`);
  }

  function pick(candidate, relationship) {
    const place = document.createElement('span');
    place.dataset.system = candidate.dataset.system;
    place.dataset.code = candidate.dataset.code;
    for (const [name, value] of [['target_system', candidate.dataset.system], ['target_code', candidate.dataset.code], ['target_relationship', relationship]]) {
      const input = document.createElement('input');
      input.type = 'hidden'; input.name = name; input.value = value;
      place.append(input);
    }
    return place;
  }

  function showPicks() {
    const chosen = picks();
    for (const one of candidates()) {
      const picked = chosen.some(pick => pick.dataset.system === one.dataset.system && pick.dataset.code === one.dataset.code);
      one.classList.toggle('picked', picked);
      $('[data-pick]', one)?.setAttribute('aria-pressed', String(picked));
    }
    const button = $('#decide');
    button.hidden = !chosen.length;
    button.firstChild.textContent = `Decide with ${chosen.length} `;
    $('#combination').hidden = chosen.length < 2;
  }

  function send() { htmx.trigger('#accept', 'decide'); }

  function dropPicks(keep) { if (!keep) { $('#picks')?.replaceChildren(); for (const one of $$('.cand.picked')) one.classList.remove('picked'); } }

  // --- menus, dialogs, folds --------------------------------------------------------------------
  function toggleMenu(menu) {
    menu.open = !menu.open;
    if (menu.open) (($('textarea, button:not(summary)', menu.lastElementChild)) || menu).focus();
  }

  document.addEventListener('click', event => {
    const target = event.target.closest('button, a, label, summary') || event.target;
    const at = selector => target.closest?.(selector);
    if (at('[data-opens]')) document.getElementById(at('[data-opens]').dataset.opens)?.showModal();
    else if (at('[data-closes]')) document.getElementById(at('[data-closes]').dataset.closes)?.close();
    else if (at('[data-clears]')) document.getElementById(at('[data-clears]').dataset.clears)?.replaceChildren();
    else if (at('[data-fold]')) at('[data-fold]').setAttribute('aria-expanded', $('#' + at('[data-fold]').dataset.fold).classList.toggle('open'));
    else if (at('[data-pick]')) { makeCurrent(at('.cand')); choose(at('.cand')); }
    else if (at('[data-look]')) makeCurrent(at('.cand'));
    else if (at('[data-accept]')) choose(currentCandidate());
    else if (at('[data-decide]')) send();
    else if (at('[data-together]')) together();
    else if (at('[data-several]')) { const on = at('[data-several]').getAttribute('aria-pressed') !== 'true'; at('[data-several]').setAttribute('aria-pressed', on); if (!on) { dropPicks(false); showPicks(); } say(on ? 'Choose several targets, then d decides.' : 'One target.'); }
    else if (at('[data-all]')) at('[data-all]').setAttribute('aria-pressed', String($('#cands')?.classList.toggle('all') || false));
    else if (!at('button, a') && event.target.closest?.('.cand')) makeCurrent(event.target.closest('.cand'));
    for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener('change', event => {
    if (event.target.matches?.('.seg input')) { relationshipTouched = true; }
    if (event.target.closest?.('#list') && !event.target.closest('#checked')) $('#checked')?.replaceChildren();  // it was checked otherwise
    const file = event.target.matches?.('input[type=file][data-limit-mb]') ? event.target.files[0] : null;
    if (file) {
      const tooLarge = file.size > Number(event.target.dataset.limitMb) * 1e6;
      event.target.setCustomValidity(tooLarge ? `The file is larger than ${event.target.dataset.limitMb} MB, the bound of this server.` : '');
      event.target.reportValidity();
    }
  });

  document.addEventListener('submit', event => { if (event.target.matches('[data-no-native]')) event.preventDefault(); });

  function together() {
    const candidate = currentCandidate();
    if (!candidate) return;
    const checked = $$('#near-rows input:checked').length;
    if (!checked) { say('No row is checked.'); return; }
    document.body.dataset.together = '1';
    if (several() && picks().length) send(); else choose(candidate);
  }

  // --- keys -------------------------------------------------------------------------------------
  const keysAreOn = () => document.body.dataset.keys === 'on' && !offline;
  const inField = element => element.matches?.('input:not([type=radio]):not([type=checkbox]):not([type=hidden]), select, textarea, [contenteditable]');

  document.addEventListener('keydown', event => {
    const field = event.target;
    if (event.key === 'Escape') { if (inField(field)) event.preventDefault(); escape(field); return; }  // a search field would clear itself
    if (inField(field)) { keyInField(event, field); return; }
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]')) return;
    if (!keysAreOn()) return;
    if (act(event)) event.preventDefault();
  });

  function escape(field) {
    const menu = $('details.menu[open]');
    if (menu) { menu.open = false; $('summary', menu).focus(); } else if (inField(field)) { field.blur(); }
  }

  function keyInField(event, field) {
    if (field.dataset.sends && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); document.getElementById(field.dataset.sends).click(); return; }
    if (!field.matches('[data-search]')) return;
    const first = $('#found [data-pick]');
    if ((event.key === 'ArrowDown' || event.key === 'Enter') && first) { event.preventDefault(); makeCurrent(first.closest('.cand')); first.focus(); }
  }

  function act(event) {
    const { key, target } = event;
    const onControl = target.matches('button, a, summary, input, select');
    const menu = $('details.menu[open]');
    const digit = /^[1-9]$/.test(key) ? key : '';
    if (key === '?') { $('#help')?.showModal(); return true; }
    if (digit && menu) { $(`[data-number="${digit}"]`, menu)?.click(); return true; }
    if ($('#clash') && !onControl && (digit || ['Enter', ' ', 'n', 'a', 'x', 'd', 'g', 'f'].includes(key))) { say('First choose: keep theirs, or use mine.'); return true; }
    if (!$('#work') || busy) return Boolean($('#work')) && !onControl && key === 'Enter';
    if (digit) { const button = $(`#cands [data-number="${digit}"]`); button?.click(); return Boolean(button); }
    if (key === 'Enter') { if (onControl) return false; $('[data-enter]')?.click(); return true; }
    if (key === ' ') { if (onControl) return false; $('[data-key="Space"]')?.click(); return true; }
    if (key === 'ArrowDown' || key === 'ArrowUp') { if (target.matches('input') || !candidates().length) return false; move(key === 'ArrowDown' ? 1 : -1); return true; }
    if (key === 'r') { nextRelationship(); return true; }
    const radio = '=<>~'.includes(key) && $(`.seg input[data-sign="${CSS.escape(key)}"]`);
    if (radio) { chooseRelationship(radio); return true; }
    if (key === '/' || key === 's') { const search = $('[data-search]'); search?.focus(); return Boolean(search); }
    if (key === 'c') { const comment = $('#comment'); comment?.focus(); return Boolean(comment); }
    const folded = $(`[data-menu="${CSS.escape(key)}"]`);
    if (folded) { toggleMenu(folded); return true; }
    const button = $(`[data-key="${CSS.escape(key)}"]:not([hidden])`);
    if (button) { button.click(); return true; }
    return false;
  }

  // --- htmx -------------------------------------------------------------------------------------
  const changesRow = event => event.detail.target?.id === 'work';

  document.addEventListener('htmx:configRequest', event => {
    const { detail } = event;
    if (!changesRow(event)) return;
    detail.parameters.took_ms = String(Math.round(performance.now() - shownAt));
    if (detail.verb === 'get') for (const name of ['took_ms', 'version']) delete detail.parameters[name];
    if (detail.elt.id === 'accept' && !document.body.dataset.together) delete detail.parameters.near;
    delete document.body.dataset.together;
    if (detail.elt.id === 'undo' && trail.length) {
      const last = trail[trail.length - 1];
      detail.path = detail.path.replace(/\/review\/\d+\/undo/, `/review/${last.row}/undo`);
      detail.parameters.version = String(last.version);
    }
  });
  document.addEventListener('htmx:beforeRequest', event => { if (changesRow(event)) { busy = true; $('#work').setAttribute('aria-busy', 'true'); } });
  document.addEventListener('htmx:afterRequest', event => {
    if (!changesRow(event)) return;
    busy = false;
    $('#work')?.removeAttribute('aria-busy');
    if (!event.detail.successful) { dropPicks(false); if (event.detail.elt.id === 'undo') trail.pop(); }
  });
  document.addEventListener('row-changed', event => {
    const { row, version, undoable } = event.detail;
    for (const one of trail) if (one.row === row) one.version = version;
    if (undoable) { trail.push({ row, version }); if (trail.length > 100) trail.shift(); }
    else if (trail.length && trail[trail.length - 1].row === row) trail.pop();
  });
  document.addEventListener('htmx:afterSwap', event => {
    localTimes(document);
    if (event.detail.target.id !== 'work') return;
    shownAt = performance.now();
    relationshipTouched = false;
    $('#problem')?.replaceChildren();
    markInQueue();
    $('#clash')?.focus();
    if (document.activeElement === document.body || !document.activeElement) $('#main')?.focus({ preventScroll: true });
  });

  function markInQueue() {
    const row = $('#act')?.dataset.row;
    for (const one of $$('#qlist a[aria-current]')) one.removeAttribute('aria-current');
    if (!row) return;
    const link = $(`#q-${row} a`);
    if (link) { link.setAttribute('aria-current', 'true'); link.scrollIntoView({ block: 'nearest' }); }
    else if ($('#more-rows button')) $('#more-rows button').click();
  }

  document.addEventListener('htmx:sendError', () => setOffline(true));
  document.addEventListener('htmx:afterOnLoad', () => setOffline(false));
  addEventListener('offline', () => setOffline(true));
  addEventListener('online', () => setOffline(false));
  function setOffline(value) { offline = value; const strip = $('#offline'); if (strip) strip.hidden = !value; busy = false; }

  // --- times in the reader's time zone ----------------------------------------------------------
  function localTimes(root) {
    const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
    for (const time of $$('time[datetime]:not([data-local])', root)) {
      const at = new Date(time.dateTime);
      if (isNaN(at)) continue;
      const two = n => String(n).padStart(2, '0');
      time.dataset.local = '1';
      time.textContent = `${at.getDate()} ${months[at.getMonth()]}, ${two(at.getHours())}:${two(at.getMinutes())}`;
      time.title = at.toString();
    }
  }
  localTimes(document);
  $('#qlist a[aria-current]')?.scrollIntoView({ block: 'nearest' });
})();

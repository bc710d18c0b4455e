(titles) => {
    // Gradio's own title and language of the page are English for everybody.
    const language = navigator.language.startsWith("zh") ? "zh-CN" : "en";
    document.title = titles[language];
    document.documentElement.lang = language;

    // Reads the newest [data-announce] to a screen reader, once it has stood still: answers are replaced ten times a second while
    // somebody draws, and a live region that is itself replaced is not read at all.
    const region = document.createElement("p");
    region.id = "announcer";
    region.setAttribute("role", "status");
    (document.querySelector("main") ?? document.body).append(region);
    let waiting = null, before = [];
    const announce = () => {
        const shown = [...document.querySelectorAll("[data-announce]")].filter((one) => one.checkVisibility());
        const words = shown.map((one) => one.innerText.replace(/\s+/g, " ").trim());
        if (`${words}` !== `${before}`) region.textContent = words.filter((one) => !before.includes(one)).join(" ");
        before = words;
    };
    new MutationObserver((changes) => {
        if (changes.every((change) => region.contains(change.target))) return;
        clearTimeout(waiting);
        waiting = setTimeout(announce, 700);
    }).observe(document.body, {childList: true, subtree: true, characterData: true});

    // Gradio leaves a dropdown's list open behind who goes on with Tab.
    document.addEventListener("focusout", ({target}) => {
        if (target.getAttribute("role") === "combobox") setTimeout(() => target.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true})));
    });
}

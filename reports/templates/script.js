(function(){
  var radios=document.querySelectorAll('input[name=lang]');
  function show(lang){radios.forEach(function(r){if(r.value===lang)r.checked=true;});document.documentElement.lang=lang;}
  function follow(){
    var id=decodeURIComponent(location.hash.slice(1)),el=id&&document.getElementById(id),doc=el&&el.closest('main');
    if(!doc)return;
    show(doc.lang);
    for(var d=el.closest('details');d;d=d.parentElement&&d.parentElement.closest('details'))d.open=true;
    var own=el.querySelector(':scope>details');if(own)own.open=true;
    el.scrollIntoView();
  }
  var asked=new URLSearchParams(location.search).get('lang');
  if(asked)show(asked);
  radios.forEach(function(r){r.addEventListener('change',function(){document.documentElement.lang=r.value;});});
  addEventListener('hashchange',follow);
  follow();
})();

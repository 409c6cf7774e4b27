-- price below 90 % of the share in the net assets; one row a transfer
select 'enterprise' as subject_kind, f.enterprise as subject, f.person as counterpart, strftime(x.changed_on, '%Y-%m') as period,
       'hit' as planted, 'medium' as severity,
       [struct_pack(source := f.source, dataset := f.dataset, record_id := f.record_id)] as records
from commerce_equity_transfer x
join fact_truth f on f.source = 'commerce' and f.dataset = 'equity_transfer' and f.record_id = x.record_id
where x.price < 0.9 * x.share_ratio * x.net_assets
order by f.enterprise, f.record_id

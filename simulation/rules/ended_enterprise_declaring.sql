-- revoked or cancelled, and a declaration above zero for a month after the month of the end
with ended as (
    select t.enterprise, max(c.status) as status, max(c.ended_on) as ended_on,
           list(struct_pack(source := t.source, dataset := t.dataset, record_id := t.record_id) order by t.record_id) as records
    from commerce_enterprise c
    join enterprise_truth t on t.source = 'commerce' and t.dataset = 'enterprise' and t.record_id = c.record_id
    where c.status in ('2', '3') and c.ended_on is not null
    group by t.enterprise
)
select 'enterprise' as subject_kind, e.enterprise as subject, null as counterpart, max(d.period) as period,
       'hit' as planted, case max(e.status) when '3' then 'high' else 'low' end as severity, any_value(e.records) as records
from ended e
join fact_truth f on f.source = 'tax' and f.dataset = 'declaration' and f.enterprise = e.enterprise
join tax_declaration d on d.record_id = f.record_id
where d.taxable_amount > 0 and d.period > strftime(e.ended_on, '%Y-%m')
group by e.enterprise
order by e.enterprise

-- One row per transfer of shares: the enterprise whose shares they are, and what is known of seller and buyer.
-- `kin`: the buyer bears the name of a member of the seller's household, or of the seller. `staff_plan`: the buyer is
-- called as holders of staff shares are. `company_seller`: an enterprise sold, which pays no tax of persons.
with transfer as (
    select
        *,
        upper(trim(coalesce(uscc, uscc_raw))) as number,
        upper(trim(coalesce(transferor_id_number, transferor_id_number_raw))) as seller_number
    from "commerce.equity_transfer"
),
seller as (
    -- a number on several registered persons tells the household only where it is one
    select t.record_id, any_value(r.household_id) as household_id, list(r.record_id order by r.record_id) as residents
    from transfer t
    join "police.resident" r on r.id_number = t.transferor_id_number
    where r.household_id is not null
    group by t.record_id
    having count(distinct r.household_id) = 1
),
relative as (
    select s.record_id, any_value(s.residents)[1:5] || arg_min(r.record_id, r.record_id, 5) as residents
    from seller s
    join transfer t using (record_id)
    join "police.resident" r on r.household_id = s.household_id and r.name = t.transferee_name
    group by s.record_id
),
sold as (
    select
        t.record_id,
        t.transferor_id_number is null and (
            regexp_matches(t.transferor_name, '公司|企业|合伙|集团|银行|基金|中心|厂$')
            or p.resolution = 'known'
        ) as company_seller
    from transfer t
    left join party_enterprise p on p.number is null and p.name = t.transferor_name
)
select
    t.record_id,
    t.number,
    p.resolution,
    p.master_id,
    t.seller_number,
    t.share_ratio,
    t.price,
    t.net_assets,
    t.changed_on,
    coalesce(s.company_seller, false) as company_seller,
    coalesce(r.record_id is not null or t.transferor_name = t.transferee_name, false) as kin,
    list_sort(list_distinct(coalesce(r.residents, []))) as residents,
    coalesce(regexp_matches(t.transferee_name, '员工持股|持股平台|持股计划|股权激励|有限合伙'), false) as staff_plan
from transfer t
left join party_enterprise p on p.number = t.number and p.name is null
left join relative r using (record_id)
left join sold s using (record_id)

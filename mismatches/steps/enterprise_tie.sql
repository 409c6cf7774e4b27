-- One row per enterprise and tie: enterprises that have a tie in common are related.
-- A tie is the number of a legal representative or of a shareholder, or a name: an enterprise's own, its former one, and
-- that of the head office with which the name of a branch begins.
with named as (
    select 'commerce' as source, 'enterprise' as dataset, record_id, name, former_name, legal_representative_id_number as number
    from "commerce.enterprise"
    union all
    select 'tax', 'taxpayer', record_id, name, null, legal_representative_id_number from "tax.taxpayer"
    union all
    select 'commerce', 'enterprise', enterprise_record_id, null, null, id_number from "commerce.officer" where role in ('1', '2')
),
told as (
    select
        x.master_id,
        n.number,
        translate(n.name, '() ', '（）') as name,
        translate(n.former_name, '() ', '（）') as former_name
    from named n
    join enterprise_crosswalk x using (source, dataset, record_id)
),
tie as (
    select
        master_id,
        unnest([
            'number ' || number,
            'name ' || name,
            'name ' || former_name,
            'name ' || nullif(regexp_extract(
                name, '^(.*?(?:公司|银行|企业|厂|中心|医院|学校)).*(?:分公司|支公司|支行|分行|营业部|营业所|办事处|分店|分厂|门市部|分部|代表处|服务站|分院|分校|储蓄所)$', 1
            ), '')
        ]) as tie
    from told
)
select distinct master_id, tie
from tie
where tie is not null

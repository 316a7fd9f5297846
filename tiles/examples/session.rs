use std::sync::Arc; use std::time::{Duration,Instant};
use axum::body::Body; use http::Request; use http_body_util::BodyExt; use kernel::*; use sqlx::postgres::*; use tower::ServiceExt;
#[tokio::main] async fn main(){
 let o=PgConnectOptions::new_without_pgpass().socket("/tmp/feedtiles").username("opensit_app").database("opensit").options(tiles::SESSION);
 let pool=PgPoolOptions::new().max_connections(1).connect_lazy_with(o);
 let cat=catalogue::Catalogue::load(&pool).await.unwrap();
 let b=Bbox::new(15.5,38.0,15.8,38.2).unwrap();
 let c=Context{database:pool.clone(),tiles_database:pool.clone(),clock:Arc::new(SystemClock),public_url:PublicUrl::parse("http://x").unwrap(),installation:Arc::new(Installation{instance:uuid::Uuid::nil(),title:Text::same("t"),storage_crs:Srid::RDN2008_UTM33,bbox:b,demo:false})};
 let (feed,_)=feed::Feed::by_hand(); let r=tiles::routes(c,cat,feed);
 let mut seed=1u64; let mut rnd=||{seed=seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (seed>>33) as f64/(1u64<<31) as f64};
 let mut per=vec![]; 
 for z in 12u8..=18 { let n=if z==12{12} else if z==13 {20} else {60}; let mut ours=Duration::ZERO; let mut base=Duration::ZERO; let (mut lo,mut lb)=(0,0);
  for _ in 0..n { let lon=15.60+rnd()*0.10; let lat=38.055+rnd()*0.09; let k=f64::from(1u32<<z);
   let x=((lon+180.0)/360.0*k) as u32; let y=((1.0-(lat.to_radians().tan()+1.0/lat.to_radians().cos()).ln()/std::f64::consts::PI)/2.0*k) as u32;
   let t=TileCoord::new(z,x,y).unwrap(); let e=t.web_mercator(0.0);
   // literal bounds in storage: by PostGIS, outside the timing
   let m=t.web_mercator(64.0/4096.0);
   let row:(f64,f64,f64,f64)=sqlx::query_as(sqlx::AssertSqlSafe(format!("select st_xmin(b),st_ymin(b),st_xmax(b),st_ymax(b) from (select st_transform(st_segmentize(st_makeenvelope({},{},{},{},3857),{}),7792) b) q",m.west(),m.south(),m.east(),m.north(),m.width()/16.0))).fetch_one(&pool).await.unwrap();
   let sql=format!("select st_asmvt(t,'parcels',4096,'geom','fid') from (select fid,id,sheet,number,kind,land_use,area_m2,urban,updated_on,st_asmvtgeom(st_transform(geom,3857),st_makeenvelope({},{},{},{},3857),4096,64,true) as geom from cadastre.parcels where geom && st_makeenvelope({},{},{},{},7792)) t",e.west(),e.south(),e.east(),e.north(),row.0,row.1,row.2,row.3);
   let mut our=Duration::MAX; let mut bas=Duration::MAX; let (mut a,mut bb)=(0,0);
   for _ in 0..3 {
    let i=Instant::now(); let v:Vec<u8>=sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone())).persistent(false).fetch_one(&pool).await.unwrap(); bas=bas.min(i.elapsed()); bb=v.len();
    let i=Instant::now(); let s=r.clone().oneshot(Request::get(format!("/xyz/parcels/{z}/{x}/{y}")).body(Body::empty()).unwrap()).await.unwrap(); let st=s.status(); let v=s.into_body().collect().await.unwrap().to_bytes(); our=our.min(i.elapsed()); a=v.len(); assert!(st.is_success(),"{st} {:?}",v);
   }
   ours+=our; base+=bas; lo+=a; lb+=bb;
  }
  println!("z{z} n={n} ours {ours:?} ({lo} B) base {base:?} ({lb} B) ratio {:.3}",ours.as_secs_f64()/base.as_secs_f64()); per.push((ours,base));
 }
 let o:Duration=per.iter().map(|p|p.0).sum(); let b:Duration=per.iter().map(|p|p.1).sum(); println!("total {o:?} {b:?} {:.3}",o.as_secs_f64()/b.as_secs_f64());
 let o:Duration=per[2..].iter().map(|p|p.0).sum(); let b:Duration=per[2..].iter().map(|p|p.1).sum(); println!("z14+ {o:?} {b:?} {:.3}",o.as_secs_f64()/b.as_secs_f64());
 for z in [0u8,5,8,10] { let k=f64::from(1u32<<z); let (lon,lat)=(15.65f64,38.1f64); let x=((lon+180.0)/360.0*k) as u32; let y=((1.0-(lat.to_radians().tan()+1.0/lat.to_radians().cos()).ln()/std::f64::consts::PI)/2.0*k) as u32;
  let i=Instant::now(); let s=r.clone().oneshot(Request::get(format!("/xyz/parcels/{z}/{x}/{y}")).header("accept-encoding","gzip").body(Body::empty()).unwrap()).await.unwrap(); let st=s.status(); let g=s.headers().get("x-generalised").cloned(); let v=s.into_body().collect().await.unwrap().to_bytes(); println!("z{z} {st} {:?} gz {} {:?}",i.elapsed(),v.len(),g); }
}

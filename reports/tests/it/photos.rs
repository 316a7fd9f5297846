use std::io::Cursor;
use std::time::Duration;

use axum::body::Body;
use image::{ImageFormat, Rgb, RgbImage};
use kernel::Principal;
use serde_json::json;

use crate::scene::{HERE, Scene};

const SCRIPT: &[u8] = b"<html><script>alert(document.domain)</script>";

fn jpeg() -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    RgbImage::from_pixel(64, 48, Rgb([200, 120, 40])).write_to(&mut out, ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// A form with a photo in it.
fn form(fields: &[(&str, &str)], name: &str, photo: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (field, value) in fields {
        out.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes());
    }
    out.extend(
        format!("--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n").bytes(),
    );
    out.extend(photo);
    out.extend(b"\r\n--x--\r\n");
    out
}

const MULTIPART: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=x")];

impl Scene {
    async fn send_photo(&self, photo: &[u8]) -> test_database::Answer {
        let (ticket, lon, lat) = (self.ticket().await, HERE[0].to_string(), HERE[1].to_string());
        let fields = [("category", "road"), ("lon", lon.as_str()), ("lat", lat.as_str()), ("ticket", ticket.as_str())];
        self.ask(&Principal::anonymous(), "POST", "/reports/", &MULTIPART, Body::from(form(&fields, "foto.jpg", photo))).await
    }

    /// Works until no photo waits.
    async fn work(&self) {
        let services = self.services.clone();
        let settings = jobs::Settings { look: Duration::from_millis(20), ..jobs::Settings::default() };
        let worker = jobs::Worker::new(services.context.database.clone(), settings)
            .on(reports::PHOTO_JOB, move |job, _| reports::write_anew(services.clone(), job));
        let mut owner = self.owner().await;
        let done = async {
            for _ in 0..500 {
                let open: i64 = sqlx::query_scalar("select count(*) from jobs.jobs where state in ('queued', 'running')")
                    .fetch_one(&mut owner)
                    .await
                    .unwrap();
                if open == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("the photos' jobs do not end");
        };
        worker.run(done).await;
    }
}

#[tokio::test]
async fn nothing_of_a_photo_is_seen_before_it_is_written_anew_and_nothing_is_left_but_pixels() {
    let scene = Scene::new().await;
    let mut polyglot = jpeg();
    polyglot.extend_from_slice(SCRIPT);
    let sent = scene.send_photo(&polyglot).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let link = sent.json()["private_link"].as_str().unwrap().replace("https://sit.example.it", "");
    assert_eq!(scene.get(&Principal::anonymous(), &link).await.json()["photos_waiting"], 1);
    let files = "select count(*) from attachments.files where layer = 'reports'";
    let before: i64 = sqlx::query_scalar(files).fetch_one(&mut scene.owner().await).await.unwrap();
    scene.work().await;
    let after: i64 = sqlx::query_scalar(files).fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!((before, after), (0, 1));
    let kept: Vec<u8> = sqlx::query_scalar("select data from attachments.chunks").fetch_one(&mut scene.owner().await).await.unwrap();
    assert!(!kept.windows(7).any(|w| w == b"<script") && image::load_from_memory(&kept).is_ok());
    let raw: i64 = sqlx::query_scalar("select count(*) from reports.raw_photos").fetch_one(&mut scene.owner().await).await.unwrap();
    let mine = scene.get(&Principal::anonymous(), &link).await.json();
    assert_eq!((raw, &mine["photos"], &mine["photos_waiting"]), (0, &json!(1), &json!(0)));
    let id = mine["id"].as_str().unwrap().to_owned();
    scene.done(&id, "approve", &json!({})).await;
    let page = scene.page(&Principal::anonymous(), &format!("/reports/{id}")).await;
    assert!(page.body.contains("<img src=\"../attachments/"), "{}", page.body);
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_refused_and_one_that_only_begins_as_one_is_dropped() {
    let scene = Scene::new().await;
    for no_picture in [&b"%PDF-1.7 %%EOF"[..], SCRIPT, b"GIF89a", b"MZ"] {
        let refused = scene.send_photo(no_picture).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
    let count: i64 = sqlx::query_scalar("select count(*) from reports.reports").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(count, 0, "nothing is half-written");
    let sent = scene.send_photo(&[&jpeg()[..40], SCRIPT].concat()).await;
    assert_eq!(sent.status, 201);
    scene.work().await;
    let (raw, files, photos): (i64, i64, i32) = sqlx::query_as(
        "select (select count(*) from reports.raw_photos), (select count(*) from attachments.files), (select photos from reports.reports)",
    )
    .fetch_one(&mut scene.owner().await)
    .await
    .unwrap();
    assert_eq!((raw, files, photos), (0, 0, 0));
    // who sent it is told, and sends it again
    let (nobody, link) = (Principal::anonymous(), sent.json()["private_link"].as_str().unwrap().replace("https://sit.example.it", ""));
    assert_eq!(scene.get(&nobody, &link).await.json()["photos_lost"], json!(["foto.jpg"]));
    let page = scene.page(&nobody, &link).await;
    assert!(page.body.contains("<strong>foto.jpg</strong>") && page.body.contains("href=\"#photo\""), "{}", page.body);
    assert_eq!(scene.get(&nobody, &scene.sent(&json!({})).await.link).await.json()["photos_lost"], json!([]), "it is nobody else's");
    let again = scene.ask(&nobody, "POST", &format!("{link}/photo"), &MULTIPART, Body::from(form(&[], "foto.jpg", &jpeg()))).await;
    assert_eq!(again.status, 200, "{}", again.body);
    scene.work().await;
    let mine = scene.get(&nobody, &link).await.json();
    assert_eq!((&mine["photos_lost"], &mine["photos"]), (&json!([]), &json!(1)));
    assert!(!scene.page(&nobody, &link).await.body.contains("foto.jpg"));
}

#[tokio::test]
async fn photos_come_later_by_the_private_link_and_are_at_most_five() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    let (nobody, path) = (Principal::anonymous(), format!("{}/photo", sent.link));
    let send = || scene.ask(&nobody, "POST", &path, &MULTIPART, Body::from(form(&[], "a.jpg", &jpeg())));
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(send().await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 422]);
    let large = vec![0xff; 11 * 1024 * 1024];
    let refused = scene
        .ask(&Principal::anonymous(), "POST", &format!("{}/photo", sent.link), &MULTIPART, Body::from(form(&[], "a.jpg", &large)))
        .await;
    assert_eq!(refused.status, 413);
}

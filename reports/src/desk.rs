use std::sync::Arc;

use kernel::{Layer, Principal, Problem, Services};
use tokio::sync::OnceCell;

use crate::rates::Rates;
use crate::secret::Pepper;

/// The layer's name.
pub(crate) const LAYER: &str = "reports";

/// What every operation of the theme is given. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) services: Services,
    pub(crate) rates: Arc<Rates>,
    pepper: Arc<OnceCell<Pepper>>,
}

impl Desk {
    pub(crate) fn new(services: Services) -> Self {
        Self { services, rates: Arc::default(), pepper: Arc::default() }
    }

    pub(crate) fn layer(&self, who: &Principal) -> Result<Arc<Layer>, Problem> {
        operations::layer(&self.services, who, LAYER)
    }

    /// What links and tickets are made with; read once.
    pub(crate) async fn pepper(&self) -> Result<&Pepper, Problem> {
        let read = || async {
            let mut session = self.services.context.database.session(&Principal::anonymous()).await?;
            let value: Vec<u8> = sqlx::query_scalar("select reports.pepper()").fetch_one(&mut *session).await?;
            Ok(Pepper::new(value))
        };
        self.pepper.get_or_try_init(read).await.map_err(|e: sqlx::Error| Problem::database("the reports' desk", &e))
    }
}

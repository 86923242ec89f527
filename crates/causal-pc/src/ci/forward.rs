//! Tests behind a pointer, and tests chosen at run time.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Bound, CiTest, Next, SetOutcome, SetScan};

/// The methods of a pointer, which asks what is behind it.
macro_rules! ask_what_is_behind {
    ($error:ty) => {
        type Error = $error;

        fn n_variables(&self) -> usize {
            (**self).n_variables()
        }

        fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, $error> {
            (**self).p_value(x, y, given)
        }

        fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, $error> {
            (**self).log_p_value(x, y, given)
        }

        fn association(&self, x: usize, y: usize, given: &[usize]) -> Result<Option<f64>, $error> {
            (**self).association(x, y, given)
        }

        fn names(&self) -> Option<&[String]> {
            (**self).names()
        }

        fn scan(
            &self,
            sets: &SetScan<'_>,
            bound: Bound,
            visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
        ) -> Result<u64, $error> {
            (**self).scan(sets, bound, visit)
        }
    };
}

impl<T: CiTest + ?Sized> CiTest for &T {
    ask_what_is_behind!(T::Error);
}

impl<T: CiTest + ?Sized> CiTest for Box<T> {
    ask_what_is_behind!(T::Error);
}

impl<T: CiTest + Send + ?Sized> CiTest for Arc<T> {
    ask_what_is_behind!(T::Error);
}

/// A test chosen at run time: see [`boxed`].
pub type DynCiTest = dyn CiTest<Error = TestError> + Send;

/// What any test said, whatever its own type of error; its sources are that error's.
pub struct TestError(Box<dyn Error + Send + Sync>);

impl TestError {
    /// The test's own error.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }

    /// The test's own error, if it is of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for TestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The test behind a pointer that hides its type, for tests chosen at run time.
///
/// ```
/// use causal_pc::ci::{CiTest, DynCiTest, FisherZ, GSquare, boxed};
/// use causal_pc::{Alpha, PcOptions, pc};
/// use ndarray::array;
///
/// let samples = array![[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.0, 1.0], [2.0, 1.0]];
/// for discrete in [true, false] {
///     let test: Box<DynCiTest> = match discrete {
///         true => boxed(GSquare::from_samples(&samples)?),
///         false => boxed(FisherZ::from_samples(&samples)?),
///     };
///     assert_eq!(pc(&test, &PcOptions::new(Alpha::new(0.05)?))?.graph.n_variables(), 2);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn boxed<T: CiTest + Send + 'static>(test: T) -> Box<DynCiTest> {
    Box::new(Erased(test))
}

/// A test whose errors have lost their type.
struct Erased<T>(T);

fn erased(error: impl Error + Send + Sync + 'static) -> TestError {
    TestError(Box::new(error))
}

impl<T: CiTest> CiTest for Erased<T> {
    type Error = TestError;

    fn n_variables(&self) -> usize {
        self.0.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, TestError> {
        self.0.p_value(x, y, given).map_err(erased)
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, TestError> {
        self.0.log_p_value(x, y, given).map_err(erased)
    }

    fn association(&self, x: usize, y: usize, given: &[usize]) -> Result<Option<f64>, TestError> {
        self.0.association(x, y, given).map_err(erased)
    }

    fn names(&self) -> Option<&[String]> {
        self.0.names()
    }

    fn scan(
        &self,
        sets: &SetScan<'_>,
        bound: Bound,
        visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
    ) -> Result<u64, TestError> {
        self.0.scan(sets, bound, visit).map_err(erased)
    }
}

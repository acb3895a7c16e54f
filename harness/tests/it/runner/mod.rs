mod order;
mod trouble;
mod truth;

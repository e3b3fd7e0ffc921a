// ccxt.pro for JavaScript: REST, public streams and the user stream.
import ccxt from 'ccxt';

const given = Object.fromEntries(
    process.argv.slice(2).flatMap((word, at, all) => (word.startsWith('--') ? [[word.slice(2), all[at + 1]]] : []))
);
const ws = given.url.replace('http://', 'ws://');
const rest = `${given.url}/api/v3`;
const stream = `${ws}/stream/ws`; // "/stream" marks a spot stream for ccxt
const SYMBOL = 'XRP/USDT';
const client = new ccxt.pro.binance({
    apiKey: given['api-key'],
    secret: given.secret,
    urls: { api: { public: rest, private: rest, sapi: `${given.url}/sapi/v1`, ws: { spot: stream, margin: stream, 'ws-api': { spot: `${ws}/ws-api/v3` } } } },
    options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchMargins: false },
});

function report(step, holds, seen) {
    console.log(JSON.stringify({ step, holds, seen: String(seen).slice(0, 300) }));
}

async function attempt(step, work) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('30 s passed')), 30_000);
    });
    try {
        const seen = await Promise.race([work(), late]);
        report(step, true, seen.id ?? seen);
        return seen;
    } catch (error) {
        report(step, false, `${error.constructor.name}: ${error.message}`);
        return {};
    } finally {
        clearTimeout(timer);
    }
}

await client.loadHttpProxyAgent(); // ccxt wants this for ws:// addresses
await attempt('start', async () => {
    await client.loadMarkets();
    const fees = await client.fetchTradingFees();
    const ticker = await client.fetchTicker(SYMBOL);
    await client.fetchTickers();
    await client.fetchOHLCV(SYMBOL, '1d');
    return `${Object.keys(client.markets).length} markets, ${Object.keys(fees).length} fees, ${ticker.last}`;
});
await attempt('subscribe', async () => {
    const book = await client.watchOrderBook(SYMBOL);
    const ticker = await client.watchTicker(SYMBOL);
    const bars = await client.watchOHLCV('BTC/USDT', '1m');
    const trades = await client.watchTrades('BTC/USDT');
    return `book ${book.bids.length}, last ${ticker.last}, ${bars.length} bars, ${trades.length} trades`;
});
const placed = await attempt('place', async () => {
    const best = (await client.fetchOrderBook(SYMBOL, 5)).bids[0][0];
    return client.createOrder(SYMBOL, 'limit', 'buy', 100, best * 0.9, { postOnly: true });
});
await attempt('fill', async () => {
    const news = client.watchMyTrades(SYMBOL);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const bought = await client.createMarketBuyOrderWithCost(SYMBOL, 50);
    const sold = await client.createOrder(SYMBOL, 'market', 'sell', 50);
    const seen = await news;
    if (bought.status !== 'closed' || sold.status !== 'closed') throw new Error(JSON.stringify([bought, sold]));
    return `bought ${bought.filled} for ${bought.cost}, ${seen.length} trade in the stream`;
});
await attempt('cancel', async () => {
    const gone = await client.cancelOrder(placed.id, SYMBOL);
    if ((await client.fetchOpenOrders(SYMBOL)).length) throw new Error('still open');
    return gone.status;
});
await attempt('balances', async () => {
    const balance = await client.fetchBalance();
    return `${balance.total.XRP} XRP`;
});
await client.close();
process.exit(0);

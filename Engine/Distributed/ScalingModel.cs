namespace GpuCnn.Engine.Distributed;

/// <summary>A piece of the gradients that ranks add up in one go.</summary>
/// <param name="Bytes">Bytes of the piece.</param>
/// <param name="ReadySeconds">Seconds of computing after which a rank has it, from the beginning of the step.</param>
public readonly record struct GradientPiece(long Bytes, double ReadySeconds);

/// <summary>A training step of a rank without others.</summary>
/// <param name="ComputeSeconds">Forward and backward pass.</param>
/// <param name="UpdateSeconds">What waits for the sums.</param>
/// <param name="Pieces">In the order in which they are ready.</param>
public sealed record StepWork(double ComputeSeconds, double UpdateSeconds, IReadOnlyList<GradientPiece> Pieces)
{
    /// <summary>Bytes of all gradients.</summary>
    public long GradientBytes { get; } = Pieces.Sum(piece => piece.Bytes);

    /// <summary>
    /// Work of layers whose gradients become ready one after another. Pieces are closed when they hold enough bytes; a layer's gradients
    /// stay together.
    /// </summary>
    /// <param name="forwardSeconds">What comes before the backward pass.</param>
    /// <param name="layers">Backward seconds and bytes of gradients of each layer, in the order they run: the last layer first.</param>
    /// <param name="bucketBytes">Bytes from which on a piece is closed.</param>
    public static StepWork Of(
        double forwardSeconds, IEnumerable<(double Seconds, long Bytes)> layers, double updateSeconds, long bucketBytes)
    {
        var pieces = new List<GradientPiece>();
        double at = forwardSeconds;
        long open = 0;
        foreach ((double seconds, long bytes) in layers)
        {
            at += seconds;
            open += bytes;
            if (open < bucketBytes || open == 0) continue;
            pieces.Add(new(open, at));
            open = 0;
        }
        if (open > 0) pieces.Add(new(open, at));
        return new(at, updateSeconds, pieces);
    }

    /// <summary>The same work on a device, or with other work beside it, where all takes so many times as long.</summary>
    public StepWork Slower(double times) => new(ComputeSeconds * times, UpdateSeconds * times,
        [.. Pieces.Select(piece => piece with { ReadySeconds = piece.ReadySeconds * times })]);
}

/// <summary>
/// What computing and exchanging take from each other while both go on: 1 is nothing. GPUs whose exchange runs on other units have 1 and
/// 1; ranks that add on the cores that compute have more.
/// </summary>
/// <param name="Compute">Times as long as alone that computing takes.</param>
/// <param name="Exchange">Times as long as alone that an exchange takes.</param>
public readonly record struct OverlapCost(double Compute, double Exchange)
{
    public static OverlapCost None { get; } = new(1, 1);

    /// <summary>
    /// Returns the costs of measured slowdowns. Both at once take no longer than one after another: then 1 / compute + 1 / exchange is 1.
    /// More than that is what the measurement itself, which never lets up, makes of cores that are all taken.
    /// </summary>
    public static OverlapCost Of(double compute, double exchange)
    {
        (compute, exchange) = (Math.Max(1, compute), Math.Max(1, exchange));
        double rates = Math.Min(1, 1 / compute + 1 / exchange);
        return new(Math.Max(1, compute * rates), Math.Max(1, exchange * rates));
    }
}

/// <summary>A step of ranks that train together.</summary>
/// <param name="Seconds">The whole step.</param>
/// <param name="ExchangeSeconds">Time of all exchanges, were they alone.</param>
/// <param name="AddedSeconds">What the exchanges add to the step.</param>
public readonly record struct RankedStep(double Seconds, double ExchangeSeconds, double AddedSeconds)
{
    /// <summary>Part of the exchanges that the backward pass hides; 0 where there are none.</summary>
    public double HiddenShare => ExchangeSeconds > 0 ? Math.Max(0, 1 - AddedSeconds / ExchangeSeconds) : 0;

    /// <summary>Images per second of a rank, beside those of a rank without others; 1 is perfect.</summary>
    public double Efficiency => Seconds > 0 ? (Seconds - AddedSeconds) / Seconds : 1;
}

/// <summary>
/// Time of a training step of ranks that add up their gradients piece by piece while the backward pass goes on (Li et al. 2020,
/// https://arxiv.org/abs/2006.15704; Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 4). An exchange begins when its piece is
/// ready and the one before it has ended; the update waits for the last.
/// </summary>
public static class ScalingModel
{
    /// <summary>Predicts the step.</summary>
    /// <param name="exchangeSeconds">Returns the seconds of an exchange of so many bytes, as <see cref="RankLink.Seconds"/> does.</param>
    /// <param name="sharedSeconds">
    /// Seconds by which an exchange is shorter that follows another without a pause: its first round begins beside the second of the other.
    /// </param>
    /// <param name="wakeSeconds">Seconds by which one is longer that follows no other.</param>
    public static RankedStep Predict(
        StepWork work, Func<long, double> exchangeSeconds, OverlapCost? overlap = null, double sharedSeconds = 0,
        double wakeSeconds = 0)
    {
        OverlapCost cost = overlap ?? OverlapCost.None;
        double time = 0, computed = 0, exchanged = 0;
        bool follows = false;
        foreach (GradientPiece piece in work.Pieces)
        {
            follows &= computed >= piece.ReadySeconds;
            double left = Math.Max(0, exchangeSeconds(piece.Bytes) + (follows ? -sharedSeconds : wakeSeconds));
            if (computed < piece.ReadySeconds)
            {
                time += piece.ReadySeconds - computed;
                computed = piece.ReadySeconds;
            }
            follows = true;
            exchanged += left;
            // While both go on, both are slowed down; then what is left of the exchange goes on alone.
            double beside = Math.Min(left * cost.Exchange, (work.ComputeSeconds - computed) * cost.Compute);
            computed += beside / cost.Compute;
            time += beside + (left - beside / cost.Exchange);
        }
        time += Math.Max(0, work.ComputeSeconds - computed);
        double alone = work.ComputeSeconds + work.UpdateSeconds, whole = time + work.UpdateSeconds;
        return new(whole, exchanged, whole - alone);
    }

    /// <summary>Predicts the step of ranks that are joined by one link each.</summary>
    public static RankedStep Predict(StepWork work, RankLink link, int ranks, ExchangeAlgorithm algorithm = ExchangeAlgorithm.Direct,
        OverlapCost? overlap = null) => Predict(work, bytes => link.Seconds(bytes, ranks, algorithm), overlap);
}

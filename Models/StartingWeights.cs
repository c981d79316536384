using GpuCnn.Engine.Graphs;

namespace GpuCnn.Models;

/// <summary>What weights are drawn from before the first step; biases start at 0.</summary>
/// <param name="Name">As a run prints it.</param>
/// <param name="Hidden">Of all layers but the last.</param>
/// <param name="Scores">Of the last layer.</param>
/// <param name="RaisedBias">Where biases start whose layers the architecture wants positive from the first step on, so that ReLU passes something.</param>
public sealed record StartingWeights(string Name, Initializer Hidden, Initializer Scores, float RaisedBias = 0)
{
    /// <summary>By fan-in, for layers followed by ReLU; the scores start small.</summary>
    public static StartingWeights He { get; } = new("He et al.", Initializer.He, Initializer.Xavier);

    public static StartingWeights Xavier { get; } = new("Glorot and Bengio", Initializer.Xavier, Initializer.Xavier);

    /// <summary>N(0, <paramref name="deviation"/>²) throughout.</summary>
    public static StartingWeights Normal(float deviation, float raisedBias = 0) =>
        new(FormattableString.Invariant($"normal, deviation {deviation}"), Initializer.Normal(deviation), Initializer.Normal(deviation), raisedBias);
}

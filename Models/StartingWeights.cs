using GpuCnn.Engine.Graphs;

namespace GpuCnn.Models;

/// <summary>Distributions from which weights are drawn before the first step. Biases start at 0.</summary>
/// <param name="Name">Name that a run prints.</param>
/// <param name="Hidden">Initializer of all layers but the last.</param>
/// <param name="Scores">Initializer of the last layer.</param>
/// <param name="RaisedBias">
/// Start of the biases in layers that the architecture marks as raised, so that their ReLU passes values from the first step on.
/// </param>
public sealed record StartingWeights(string Name, Initializer Hidden, Initializer Scores, float RaisedBias = 0)
{
    /// <summary>Scales by fan-in, for layers followed by ReLU. The scores start small.</summary>
    public static StartingWeights He { get; } = new("He et al.", Initializer.He, Initializer.Xavier);

    /// <summary>Scales by fan-in and fan-out.</summary>
    public static StartingWeights Xavier { get; } = new("Glorot and Bengio", Initializer.Xavier, Initializer.Xavier);

    /// <summary>Draws from N(0, <paramref name="deviation"/>²) in all layers.</summary>
    public static StartingWeights Normal(float deviation, float raisedBias = 0) =>
        new(
            FormattableString.Invariant($"normal, deviation {deviation}"), Initializer.Normal(deviation), Initializer.Normal(deviation),
            raisedBias);
}

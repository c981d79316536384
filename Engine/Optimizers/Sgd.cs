namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum as PyTorch defines it: g += decay w; v = momentum v + g; w -= rate v, or with
/// <see cref="Nesterov"/> w -= rate (g + momentum v).
/// </summary>
public sealed record Sgd
{
    /// <param name="decaysVectors">Whether weight decay applies to biases and to the scales of norms too, as it does in PyTorch by default.</param>
    public Sgd(float momentum = 0.9f, float weightDecay = 0, bool nesterov = false, bool decaysVectors = true)
    {
        if (!(momentum is >= 0 and < 1)) throw new GpuCnnException($"SGD expects a momentum in [0, 1), but got {momentum}.");
        if (!(weightDecay >= 0) || !float.IsFinite(weightDecay)) throw new GpuCnnException($"SGD expects a weight decay of 0 or more, but got {weightDecay}.");
        Momentum = momentum;
        WeightDecay = weightDecay;
        Nesterov = nesterov;
        DecaysVectors = decaysVectors;
    }

    public float Momentum { get; }

    public float WeightDecay { get; }

    public bool Nesterov { get; }

    public bool DecaysVectors { get; }
}

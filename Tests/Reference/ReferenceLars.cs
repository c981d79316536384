namespace GpuCnn.Tests.Reference;

/// <summary>
/// One tensor by LARS in float64: factor = trust |w| / (|g| + decay |w| + 1e-8), or 1 without decay where a norm is 0;
/// v = momentum v + factor (g + decay w); w -= rate v.
/// </summary>
public sealed class ReferenceLars(double momentum, double decay, double trust)
{
    public double[] Velocity { get; private set; } = [];

    public void Step(double[] weights, double[] gradient, double rate)
    {
        if (Velocity.Length == 0) Velocity = new double[weights.Length];
        double weight = Math.Sqrt(weights.Sum(value => value * value)), slope = Math.Sqrt(gradient.Sum(value => value * value));
        bool adapts = weight > 0 && slope > 0;
        double factor = adapts ? trust * weight / (slope + decay * weight + 1e-8) : 1, used = adapts ? decay : 0;
        for (int i = 0; i < weights.Length; i++)
        {
            Velocity[i] = momentum * Velocity[i] + factor * (gradient[i] + used * weights[i]);
            weights[i] -= rate * Velocity[i];
        }
    }
}

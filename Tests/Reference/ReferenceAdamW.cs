namespace GpuCnn.Tests.Reference;

/// <summary>
/// AdamW in float64: w -= rate decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
/// w -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon).
/// </summary>
public sealed class ReferenceAdamW(double beta1, double beta2, double epsilon, double decay)
{
    public double[] Means { get; private set; } = [];

    public double[] Squares { get; private set; } = [];

    /// <param name="t">Counted from 1.</param>
    public void Step(double[] weights, double[] gradient, double rate, long t)
    {
        if (Means.Length == 0) (Means, Squares) = (new double[weights.Length], new double[weights.Length]);
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] -= rate * decay * weights[i];
            Means[i] = beta1 * Means[i] + (1 - beta1) * gradient[i];
            Squares[i] = beta2 * Squares[i] + (1 - beta2) * gradient[i] * gradient[i];
            double root = Math.Sqrt(Squares[i] / (1 - Math.Pow(beta2, t)));
            weights[i] -= rate / (1 - Math.Pow(beta1, t)) * Means[i] / (root + epsilon);
        }
    }
}

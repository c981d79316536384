namespace GpuCnn.Tests.Reference;

/// <summary>
/// loss = -alpha (1 - p)^gamma log p of the label's softmax probability p, in float64. An image with label -1 has no loss; the gradient is
/// that of the mean over the others.
/// </summary>
public static class ReferenceFocalLoss
{
    public static double[] Losses(int classes, double[] x, int[] labels, double gamma, double? alpha) =>
        [.. labels.Select((label, n) =>
            label < 0 ? 0 : Share(label, alpha) * Focus(Rest(classes, x, n, label), gamma) * -Log(classes, x, n, label))];

    public static double[] Gradient(int classes, double[] x, int[] labels, double gamma, double? alpha)
    {
        var gradient = new double[x.Length];
        int real = labels.Count(label => label >= 0);
        for (int n = 0; n < labels.Length; n++)
        {
            int label = labels[n];
            if (label < 0) continue;
            double log = Log(classes, x, n, label), rest = Rest(classes, x, n, label), p = Math.Exp(log);
            double slope = Focus(rest, gamma) - (gamma == 0 ? 0 : gamma * p * Math.Pow(rest, gamma - 1) * log);
            for (int k = 0; k < classes; k++)
            {
                double difference = k == label ? -rest : Math.Exp(Log(classes, x, n, k));
                gradient[n * classes + k] = Share(label, alpha) * slope * difference / real;
            }
        }
        return gradient;
    }

    private static double Share(int label, double? alpha) => alpha is not { } given ? 1 : label == 0 ? 1 - given : given;

    private static double Focus(double rest, double gamma) => gamma == 0 ? 1 : Math.Pow(rest, gamma);

    /// <summary>1 - p, from the probabilities of the other classes.</summary>
    private static double Rest(int classes, double[] x, int n, int label) =>
        Enumerable.Range(0, classes).Where(k => k != label).Sum(k => Math.Exp(Log(classes, x, n, k)));

    private static double Log(int classes, double[] x, int n, int k)
    {
        ReadOnlySpan<double> row = x.AsSpan(n * classes, classes);
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double value in row) largest = Math.Max(largest, value);
        foreach (double value in row) sum += Math.Exp(value - largest);
        return row[k] - largest - Math.Log(sum);
    }
}

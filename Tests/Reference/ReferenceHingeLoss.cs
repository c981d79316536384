namespace GpuCnn.Tests.Reference;

/// <summary>
/// loss = sum over k != label of max(0, x[k] - x[label] + 1). An image with label -1 has no loss; the gradient is that of the mean over the
/// others.
/// </summary>
public static class ReferenceHingeLoss
{
    public static double[] Losses(int classes, double[] x, int[] labels) =>
        [.. labels.Select((label, n) => label < 0 ? 0 : Others(classes, label).Sum(k => Math.Max(0, Margin(classes, x, n, k, label))))];

    public static double[] Gradient(int classes, double[] x, int[] labels)
    {
        var gradient = new double[x.Length];
        int real = labels.Count(label => label >= 0);
        for (int n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            foreach (int k in Others(classes, labels[n]))
            {
                if (Margin(classes, x, n, k, labels[n]) <= 0) continue;
                gradient[n * classes + k] += 1.0 / real;
                gradient[n * classes + labels[n]] -= 1.0 / real;
            }
        }
        return gradient;
    }

    private static double Margin(int classes, double[] x, int n, int k, int label) => x[n * classes + k] - x[n * classes + label] + 1;

    private static IEnumerable<int> Others(int classes, int label) => Enumerable.Range(0, classes).Where(k => k != label);
}

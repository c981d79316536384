using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>A fully connected layer without bias: x [N, C], w [K, C].</summary>
public class LinearWorkload(int images, int inputs, int units, OperatorPass pass) : Workload
{
    public override string Group => "linear";

    public override string Name => $"fully connected {inputs}->{units}, batch {images}";

    public override string Pass => pass.Text();

    public override Work Work => Work.MultiplyAdds((long)images * inputs * units);

    public override long ResultCount => pass switch
    {
        OperatorPass.Forward => (long)images * units,
        OperatorPass.BackwardData => (long)images * inputs,
        _ => (long)units * inputs,
    };

    public override Expected ExpectedAt(long position)
    {
        var sum = new TermSum();
        switch (pass)
        {
            case OperatorPass.Forward:
                for (int c = 0; c < inputs; c++) sum.Add(X(position / units, c), W(position % units, c));
                break;
            case OperatorPass.BackwardData:
                for (int k = 0; k < units; k++) sum.Add(Dy(position / inputs, k), W(k, position % inputs));
                break;
            default:
                for (int n = 0; n < images; n++) sum.Add(X(n, position % inputs), Dy(n, position / inputs));
                break;
        }
        return sum.Expected;
    }

    internal override Subject Open(Device device) =>
        new OperatorSubject(
            device, new Linear(units, bias: false), Shape.Vector(inputs), images, pass, new() { Precision = Precision, Tile = Tile });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "linear",
        ["images"] = images,
        ["inputs"] = inputs,
        ["units"] = units,
    };

    private double X(long n, long c) => Pattern.At(Pattern.Input, n * inputs + c);

    private double W(long k, long c) => Pattern.At(Pattern.Weight, k * inputs + c);

    private double Dy(long n, long k) => Pattern.At(Pattern.OutputGradient, n * units + k);
}

using GpuCnn.Engine;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Onnx;

namespace GpuCnn;

/// <content>Export to ONNX.</content>
public sealed partial class Model
{
    /// <summary>
    /// Writes the network that infers as an ONNX model of opset 17, whole or not at all. Its input <c>input</c> is [batch, C, H, W], its
    /// output <c>output</c> the logits, [batch, classes]. Entries of the file hold the class names and how images become input.
    /// </summary>
    /// <param name="path">File in an existing folder.</param>
    /// <param name="foldBatchNorm">Whether batch norms become part of the convolutions before them, which rounds their weights.</param>
    /// <exception cref="GpuCnnException">The file cannot be written or would be larger than 2 GiB, weights are not finite, or a layer has
    /// no form in ONNX.</exception>
    public void SaveOnnx(string path, bool foldBatchNorm = true) => Write(path, ToOnnx(foldBatchNorm));

    internal OnnxExport ToOnnx(bool foldBatchNorm)
    {
        OnnxExport.CheckSize(_network);
        Dictionary<string, Tensor> weights = Weights().ToDictionary();
        if (NonFiniteTensor.First(weights) is { } tensor) throw FiniteOutputs.Refuse(Title, tensor, Source);
        return new(_network, weights, Metadata, foldBatchNorm);
    }

    internal static void Write(string path, OnnxExport export) => AtomicFile.Write(path, export.Message.WriteTo, export.Message.Size);
}

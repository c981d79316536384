using GpuCnn;

using var model = Model.Load("photos.safetensors");
var lines = model.PredictFolder("new-photos").Select(p => $"{p.Name},{string.Join(',', p.Logits)}");
File.WriteAllLines("logits.csv", lines.Prepend($"file,{string.Join(',', model.Classes)}"));
